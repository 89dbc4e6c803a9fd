"""What recurrence and attention are worth: networks of about one size, trained on the same clips for the same steps.

Each network and seed has a folder of its own with its checkpoint and figures, and is not trained again if they are
there: the whole takes hours.
"""

import dataclasses
import json
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import subjects
from benchmarks.peers import DCASE_FRONTEND, DcaseCrnn, whole_window
from benchmarks.timing import Subject
from edge.card import Card
from edge.inference import Floats, Model, Step
from export.graph import to_onnx
from export.write import save
from sed.checkpoint import Checkpoint, TorchModel, make_card
from sed.config import DecodingConfig, NetworkConfig, Recipe
from sed.data import Corpus
from sed.evaluation import judge, listen_to
from sed.listening import decoded
from sed.model import Detector, Prediction
from sed.recordings import Recording
from sed.run import run
from sed.training import TrainingModule
from sed.tuning import Aim, tune

# Widths make up for what is left out, so that all of ours have 0.38 million parameters.
OURS = {
    "CNN": NetworkConfig(widths=(20, 40, 84, 168), gru_size=0, attention_heads=0),
    "CNN + bi-GRU": NetworkConfig(widths=(18, 36, 72, 152), attention_heads=0),
    "CNN + self-attention": NetworkConfig(widths=(18, 36, 74, 152), gru_size=0),
    "CNN + bi-GRU + self-attention": NetworkConfig(),
}
DCASE = "DCASE 2023 CRNN"
FIGURES = ("event_f1_macro", "segment_f1_macro", "intersection_f1_macro", "psds1")


class FramesOfRecipe(nn.Module):
    """The DCASE CRNN behind a recipe's context, which it has no use for: its own convolutions pad.

    Shape:
        `[batch, context_samples + k * frame_samples]` -> Prediction of k frames
    """

    def __init__(self, recipe: Recipe, classes: int) -> None:
        super().__init__()
        self.network = DcaseCrnn(recipe.frontend, classes)
        self.frontend, self.context_frames = self.network.frontend, recipe.network.context_spectrogram_frames

    def predict(self, logmel: Tensor) -> Prediction:
        """`[batch, 1, context + k * time_stride, n_mels]`, as for `sed.model.Detector`."""
        return self.network.predict(logmel[:, :, self.context_frames :])


class WholeWindows:
    """A network that keeps no state, as a model that streams: its embeddings are the window's samples themselves.

    Args:
        card: frames, window and decoder.
        network: `[1, context_samples + k * frame_samples]` -> Prediction.
    """

    def __init__(self, card: Card, network: FramesOfRecipe) -> None:
        self.card, self.embedding_size = card, card.frame_samples
        self._network = network

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """See `edge.inference.Model.step`."""
        new = audio[:, self.card.context_samples :].reshape(1, -1, self.card.frame_samples)
        joined = np.concatenate([embeddings, new], axis=1)
        silence = np.zeros((1, self.card.context_samples), dtype=np.float32)
        with torch.no_grad():
            window = torch.from_numpy(np.concatenate([silence, joined.reshape(1, -1)], axis=1))
            frames, clip = self._network.predict(self._network.frontend(window))
        return Step(torch.sigmoid(frames).numpy(), torch.sigmoid(clip).numpy(), joined)


def shortened(recipe: Recipe, steps: int) -> Recipe:
    """The recipe with so many steps, and all that hangs on their number in proportion."""
    share = steps / recipe.training.steps
    training = dataclasses.replace(
        recipe.training,
        steps=steps,
        validate_every_steps=steps,
        warmup_steps=max(1, round(recipe.training.warmup_steps * share)),
        ema_decay=max(0.0, 1 - (1 - recipe.training.ema_decay) / share),
    )
    return dataclasses.replace(recipe, training=training)


def seeded(recipe: Recipe, seed: int) -> Recipe:
    """The recipe with another seed."""
    return dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, seed=seed))


def names() -> list[str]:
    """Of all networks."""
    return [*OURS, DCASE]


def figures(
    name: str, recipe: Recipe, parts: tuple[Corpus, Corpus | None], recordings: Sequence[Recording], out: Path
) -> dict[str, Any]:
    """Train a network, unless it has been, and measure it with decoder settings tuned for event F1.

    Args:
        name: one of `names()`.
        recipe: everything but the network.
        parts: clips to learn from, and to look at.
        recordings: to tune and measure on, the same for all.
        out: folder of this network and seed.
    """
    result = out / "figures.json"
    if not result.exists():
        out.mkdir(parents=True, exist_ok=True)
        found = _measured(*_trained(name, recipe, parts, out), recordings)
        result.write_text(json.dumps(found, indent=1))
    return dict(json.loads(result.read_text()))


def spread(rows: Sequence[dict[str, Any]], figure: str) -> tuple[float, float]:
    """Mean and standard deviation of a figure over seeds."""
    values = [row[figure] for row in rows]
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def costs(recipe: Recipe, labels: Sequence[str], audio: Floats, folder: Path) -> dict[str, Subject]:
    """What to time: a second of audio by each network, as it would listen; weights do not matter.

    Args:
        recipe: everything but the network.
        labels: of the classes.
        audio: `[samples]` at the recipe's rate.
        folder: for files made on the way.
    """
    timed = {}
    for name, network in OURS.items():
        made = dataclasses.replace(recipe, network=network, decoding={})
        checkpoint = Checkpoint(recipe=made, labels=tuple(labels), detector=Detector(made, len(labels)).eval())
        save(to_onnx(checkpoint), make_card(checkpoint), folder / "network.onnx")
        timed[name] = subjects.stream(Model(folder / "network.onnx"), audio, made.stream.hop)
    crnn = DcaseCrnn(dataclasses.replace(DCASE_FRONTEND, hop_length=recipe.frontend.hop_length), len(labels))
    timed[DCASE] = whole_window(crnn, recipe.frontend.sample_rate, folder, recipe.stream.hop)
    return timed


def _trained(
    name: str, recipe: Recipe, parts: tuple[Corpus, Corpus | None], out: Path
) -> tuple[Recipe, Corpus, nn.Module]:
    own: Callable[[Recipe, int], nn.Module] = Detector if name in OURS else FramesOfRecipe
    if name in OURS:
        made = dataclasses.replace(recipe, network=OURS[name])
    else:
        frontend = dataclasses.replace(DCASE_FRONTEND, hop_length=recipe.frontend.hop_length)
        made = dataclasses.replace(recipe, frontend=frontend)
    lightning.seed_everything(made.training.seed, workers=True, verbose=False)
    module = TrainingModule(made, *parts, detector=own(made, len(parts[0].labels)))
    run(module, out, resume=(out / "last.ckpt").exists())
    return made, parts[0], module.detector


def _measured(recipe: Recipe, corpus: Corpus, network: Any, recordings: Sequence[Recording]) -> dict[str, Any]:
    checkpoint = Checkpoint(recipe=recipe, labels=corpus.labels, detector=network)
    card = make_card(checkpoint)
    model = TorchModel(checkpoint) if isinstance(network, Detector) else WholeWindows(card, network)
    heard = listen_to(model, recordings)
    settings: dict[str, DecodingConfig] = tune(card, heard, Aim.parse("event-f1"))
    decoding = {label: one.to_frames(card.frame_seconds) for label, one in settings.items()}
    tuned = dataclasses.replace(card, decoding=card.decoding | decoding)
    report = judge(tuned, [decoded(tuned, one) for one in heard])
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return {"parameters": parameters, **report.to_dict()}
