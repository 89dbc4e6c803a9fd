"""The shipped model `general` is YAMNet, within the contract of all models."""

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from edge.detection.decoder import Decoder
from edge.model.inference import Model
from edge.model.library import find_model, shipped_models
from edge.model.score_stream import ScoreStream, Window, window_of
from export.yamnet.graph import GeneralGraph
from export.yamnet.network import CLASSES, YamNet
from export.yamnet.sounds import read_class_map, read_general

Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def general() -> Model:
    """As a user names it."""
    return Model(find_model(shipped_models()["general"]), "cpu")


def clip_scores(model: Model, audio: Floats) -> dict[str, float]:
    """Label -> score of a whole clip."""
    card = model.card
    frames = (len(audio) - card.context_samples) // card.frame_samples
    heard = audio[None, : card.context_samples + frames * card.frame_samples]
    scores = model.step(heard, np.zeros((1, 0, model.embedding_size), dtype=np.float32)).clip_scores[0]
    return dict(zip(card.labels, scores.tolist(), strict=True))


@pytest.mark.parametrize(
    ("label", "audio"),
    [
        ("silence", np.zeros(48_000)),
        ("white_noise", np.random.default_rng(5).uniform(-1, 1, 48_000)),
        ("sine_wave", np.sin(2 * np.pi * 440 * np.arange(48_000) / 16_000)),
    ],
)
def test_it_passes_the_test_of_its_publishers(general: Model, label: str, audio: Floats) -> None:
    """Their three sounds have the class that they demand among the ten likeliest."""
    scores = clip_scores(general, audio.astype(np.float32))
    assert label in sorted(scores, key=lambda name: scores[name])[-10:]


def test_real_sounds_have_their_names(general: Model, demo_audio: Floats) -> None:
    """Dog, rooster, baby and sea of the demo recording are reported, and nothing that is not in it for long."""
    card = general.card
    stream = ScoreStream(general, window_of(card))
    decoder = Decoder(card.labels, card.decoding, card.default_labels)
    events = decoder.push(np.concatenate([*stream.push(demo_audio), *stream.flush()])) + decoder.flush()
    assert {"dog", "chicken_rooster", "baby_cry_infant_cry", "waves_surf"} <= {event.label for event in events}
    assert len(events) <= 20


@pytest.mark.parametrize("hop_frames", [1, 2, 3])
def test_a_stream_says_what_the_whole_recording_says(general: Model, demo_audio: Floats, hop_frames: int) -> None:
    """For each hop, in chunks of odd lengths."""
    card, audio = general.card, demo_audio[: 30 * general.card.frame_samples]
    stream = ScoreStream(general, Window(card.window_frames, hop_frames, card.lookahead_frames))
    emitted = [scores for start in range(0, len(audio), 5003) for scores in stream.push(audio[start : start + 5003])]
    whole = np.concatenate([np.zeros(card.context_samples, dtype=np.float32), audio])
    offline = general.step(whole[None], np.zeros((1, 0, general.embedding_size), dtype=np.float32)).scores[0]
    assert np.abs(np.concatenate([*emitted, *stream.flush()]) - offline).max() <= 1e-5


def test_the_file_says_what_the_published_network_says(general: Model, demo_audio: Floats) -> None:
    """Its own weights in the network as `export.yamnet` has it, against its graph in ONNX Runtime."""
    stored = onnx.load(shipped_models()["general"]).graph.initializer
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in stored}
    network = YamNet()
    for name, parameter in network.named_parameters(prefix="network"):
        stored_values = values[name] if name in values else values[f"{name}_bytes"] * values[f"{name}_scale"]
        parameter.data = torch.from_numpy(stored_values.copy())
    audio = np.ascontiguousarray(demo_audio[None, : general.card.context_samples + 9 * general.card.frame_samples])
    old = np.random.default_rng(6).normal(-5, 3, (1, 2, CLASSES)).astype(np.float32)
    with torch.no_grad():
        scores, clip, _ = GeneralGraph(network)(torch.from_numpy(audio), torch.from_numpy(old))
    step = general.step(audio, old)
    np.testing.assert_allclose(scores.numpy(), step.scores, rtol=0, atol=2e-5)
    np.testing.assert_allclose(clip.numpy(), step.clip_scores, rtol=0, atol=2e-5)


def test_its_card_is_what_its_settings_say(general: Model) -> None:
    """Groups, thresholds and what is reported follow from `general.toml`; ids of AudioSet are there for all."""
    card = general.card
    ids = card.ontology_ids
    assert ("/m/0bt9lr", "/m/09x0r") == (ids["dog"], ids["speech"])
    assert set(card.labels) == set(ids)
    assert 521 == len(card.labels)
    settings = {name: (len(group.sounds), group.on) for name, group in read_general(read_class_map()).groups.items()}
    for name, labels in card.groups.items():
        assert settings[name] == (len(labels), card.decoding[labels[0]].on)
