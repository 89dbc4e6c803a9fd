"""Who runs: this project's networks and the others'."""

import dataclasses
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch

from benchmarks.cost import peers, subjects, timing
from edge.model import Card, Model, shipped_models
from edge.sources import read_audio
from export.graph import to_onnx
from export.quantize import to_int8
from export.write import save
from sed.network import Checkpoint, Detector, make_card
from sed.recipe import Recipe, load_recipe

_log = logging.getLogger(__name__)
_ROOT = Path(__file__).parents[2]


def lineup(path: Path, recording: Path, folder: Path) -> dict[str, timing.Subject]:
    """All subjects by name.

    Args:
        path: the model file that stands first.
        recording: what all hear.
        folder: for files made on the way.
    """
    light, light8 = Model(path), _int8(path, recording, folder / "light8.onnx")
    mid_path = untrained(_recipe("mid", light.card), light.card.labels, folder / "mid.onnx")
    mid, mid8 = Model(mid_path), _int8(mid_path, recording, folder / "mid8.onnx")
    encoder = Model(untrained(_recipe("esc10-encoder", light.card), light.card.labels, folder / "encoder.onnx"))
    audio = read_audio(recording, light.card.sample_rate)
    chosen = {
        "light, hop 1 s": subjects.stream(light, audio, 1.0),
        "light, hop 1 s, from 48 kHz": subjects.stream(light, audio, 1.0, rate=48_000),
        "light, hop 0.25 s": subjects.stream(light, audio, 0.25),
        "light, naive window, hop 1 s": subjects.naive(light, audio, 1.0),
        "light, naive window, hop 0.25 s": subjects.naive(light, audio, 0.25),
        "light int8, hop 1 s": subjects.stream(light8, audio, 1.0),
        "light with encoder, hop 1 s": subjects.stream(encoder, audio, 1.0),
        "light with encoder, hop 0.25 s": subjects.stream(encoder, audio, 0.25),
        "light, frontend and convolutions": subjects.convolutions(path, light.card, audio),
        "light int8, the same": subjects.convolutions(folder / "light8.onnx", light.card, audio),
        "mid, hop 1 s": subjects.stream(mid, audio, 1.0),
        "mid, naive window, hop 1 s": subjects.naive(mid, audio, 1.0, hops=1),
        "mid int8, hop 1 s": subjects.stream(mid8, audio, 1.0),
        "mid, frontend and convolutions": subjects.convolutions(mid_path, mid.card, audio),
        "mid int8, the same": subjects.convolutions(folder / "mid8.onnx", mid.card, audio),
    }
    recipe = _recipe("esc10", light.card)
    chosen["light, torch eager, hop 1 s"] = subjects.by_torch(recipe, light.card, 1.0)
    if shutil.which("g++") is None:
        _log.warning("torch.compile is not measured: it needs a C++ compiler; apt install g++")
    else:
        chosen["light, torch compiled, hop 1 s"] = subjects.by_torch(recipe, light.card, 1.0, compiled=True)
    chosen |= {f"{name}, chunk by chunk": found for name, found in peers.silero_streaming(audio).items()}
    chosen["silero-vad, sequence of 1 s"] = peers.silero_sequence(audio)
    torch.manual_seed(0)
    for name, folded in (("DCASE 2023 CRNN, once", False), ("DCASE 2023 CRNN, our frontend, once", True)):
        chosen[name] = peers.whole_window(peers.DcaseCrnn(folded=folded), 160_000, folder, 10.0)
    general = Model(shipped_models()["general"])
    chosen["general, hop 0.48 s"] = subjects.stream(general, audio, general.card.frame_seconds)
    chosen["YAMNet, 0.975 s every 0.4875 s"] = subjects.overlapping_patches(general, audio)
    chosen["Cnn14 decision level, naive, 1 s"] = peers.whole_window(peers.Cnn14DecisionLevelMax(), 320_000, folder, 1.0)
    chosen[timing.SGEMM] = timing.sgemm()
    return chosen


def _recipe(name: str, card: Card) -> Recipe:
    """A recipe of this project, with the window of the model that stands first."""
    recipe = load_recipe(_ROOT / "recipes" / f"{name}.toml")
    window = card.window_frames * card.frame_seconds
    return dataclasses.replace(recipe, stream=dataclasses.replace(recipe.stream, window=window))


def _int8(path: Path, recording: Path, out: Path) -> Model:
    """A file in eight bits, calibrated by one recording: good enough for its speed."""
    model = Model(path)
    proto = onnx.load(path)
    card = dataclasses.replace(model.card, precision="int8")
    save(to_int8(proto, card, [read_audio(recording, card.sample_rate)]), card, out)
    return Model(out)


def untrained(recipe: Recipe, labels: Sequence[str], path: Path) -> Path:
    """The network of a recipe with random weights, exported to `path`."""
    torch.manual_seed(0)
    checkpoint = Checkpoint(recipe=recipe, labels=tuple(labels), detector=Detector(recipe, len(labels)).eval())
    save(to_onnx(checkpoint), make_card(checkpoint), path)
    return path
