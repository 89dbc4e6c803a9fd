"""Many trainings that differ in one thing each, on the same clips, steps and recordings: what is it worth?

Each variant and seed has a folder of its own with its checkpoint and figures, and is not trained again if they are
there: the whole takes hours.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.cost import subjects
from benchmarks.cost.lineup import untrained
from benchmarks.cost.peers import DCASE_FRONTEND, DcaseCrnn, whole_window
from benchmarks.cost.timing import Subject
from benchmarks.judging.decoding import tuned_figures
from edge.model import Card, Floats, Model, Step
from sed.data import Corpus
from sed.errors import RecipeError
from sed.evaluation import Recording, run_on_recordings
from sed.network import Checkpoint, Detector, Prediction, TorchModel, make_card, torchlibrosa_frontend
from sed.recipe import FrontendConfig, Recipe
from sed.training import TrainingModule, train_network


class Variant(NamedTuple):
    """What differs from a recipe: table -> key -> value; and whether the network is DCASE's instead."""

    changes: Mapping[str, Mapping[str, Any]]
    dcase: bool = False

    def of(self, recipe: Recipe) -> Recipe:
        """The recipe with the changes."""
        tables = {name: dataclasses.replace(getattr(recipe, name), **values) for name, values in self.changes.items()}
        return dataclasses.replace(recipe, **tables)


# Widths make up for what is left out, so that all of ours have 0.38 to 0.39 million parameters.
NETWORKS = {
    "CNN": Variant({"network": {"widths": (20, 40, 84, 168), "gru_size": 0, "attention_heads": 0}}),
    "CNN + bi-GRU": Variant({"network": {"widths": (18, 36, 72, 152), "attention_heads": 0}}),
    "CNN + self-attention": Variant({"network": {"widths": (18, 36, 74, 152), "gru_size": 0}}),
    "CNN + bi-GRU + self-attention": Variant({}),
    "DCASE 2023 CRNN": Variant(
        {"frontend": {key: getattr(DCASE_FRONTEND, key) for key in ("n_fft", "n_mels", "fmin", "fmax")}}, dcase=True
    ),
}
CHANGES = {
    "the recipe as it is": Variant({}),
    "no distractors": Variant({"scenes": {"distractors_mean": 0.0}}),
    "no scenes without events": Variant({"scenes": {"event_free": 0.0}}),
    "more events and distractors": Variant({"scenes": {"events_mean": 4.0, "distractors_mean": 2.0}}),
    "clips as they are, not mixed": Variant({"scenes": {"recordings": 1.0}}),
    "a fifth of the clips as they are": Variant({"scenes": {"recordings": 0.2}}),
    "mixup of half of the scenes": Variant({"augment": {"mixup": 0.5, "mixup_labels": "hard"}}),
    "time shift and gain": Variant({"augment": {"time_shift": 0.5, "gain_db": 6.0}}),
    "no FilterAugment": Variant({"augment": {"filter_augment_db": 0.0}}),
    "no masks over mel bins": Variant({"augment": {"mel_masks": 0}}),
    "two masks over time": Variant({"augment": {"time_masks": 2}}),
    "no random speed": Variant({"scenes": {"speed_range": 0.0}}),
    "no equaliser": Variant({"scenes": {"equalise_db": 0.0, "low_pass": 0.0}}),
    "no averaged weights": Variant({"training": {"ema_decay": 0.0}}),
    "twice the learning rate": Variant({"training": {"learning_rate": 0.006}}),
    "no dropout": Variant({"network": {"dropout": 0.0}}),
    "a wider head": Variant({"network": {"embedding_size": 192, "gru_size": 96}}),
    "borders weigh three times": Variant({"loss": {"border": 2.0}}),
    "focal loss": Variant({"loss": {"kind": "focal"}}),
    "label smoothing 0.05": Variant({"loss": {"label_smoothing": 0.05}}),
    "frames alone": Variant({"loss": {"clip": 0.0, "loudest": 0.0}}),
}


class LogMelByFft(nn.Module):
    """The log-mel spectrogram of `sed.network.LogMel`, much faster where `n_fft` is long and nothing is exported.

    Shape:
        `[batch, samples] -> [batch, 1, 1 + (samples - n_fft) // hop_length, n_mels]`, in dB.
    """

    window: Tensor
    mel: Tensor

    def __init__(self, config: FrontendConfig) -> None:
        super().__init__()
        self._config = config
        definition: Any = torchlibrosa_frontend(config)
        self.register_buffer("window", torch.hann_window(config.n_fft), persistent=False)
        self.register_buffer("mel", definition[1].melW.data, persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        config = self._config
        spectrum = torch.stft(
            audio, config.n_fft, config.hop_length, window=self.window, center=False, return_complex=True
        )
        power = spectrum.abs().square().transpose(1, 2)
        return 10.0 * torch.log10(torch.clamp(power @ self.mel, min=config.amin)).unsqueeze(1)


class FramesOfRecipe(nn.Module):
    """The DCASE CRNN behind a recipe's context, which it has no use for: its own convolutions pad.

    Shape:
        `[batch, context_samples + k * frame_samples]` -> Prediction of k frames
    """

    def __init__(self, recipe: Recipe, classes: int) -> None:
        super().__init__()
        self.network = DcaseCrnn(recipe.frontend, classes)
        self.logmel, self.context_frames = LogMelByFft(recipe.frontend), recipe.network.context_spectrogram_frames

    def predict(self, logmel: Tensor) -> Prediction:
        """`[batch, 1, context + k * time_stride, n_mels]`, as for `sed.network.detector.Detector`."""
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
        """See `edge.model.inference.Model.step`."""
        new = audio[:, self.card.context_samples :].reshape(1, -1, self.card.frame_samples)
        joined = np.concatenate([embeddings, new], axis=1)
        silence = np.zeros((1, self.card.context_samples), dtype=np.float32)
        with torch.no_grad():
            window = torch.from_numpy(np.concatenate([silence, joined.reshape(1, -1)], axis=1))
            frames, clip = self._network.predict(self._network.logmel(window))
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


def figures(
    variant: Variant, recipe: Recipe, parts: tuple[Corpus, Corpus | None], recordings: Sequence[Recording], out: Path
) -> dict[str, Any]:
    """Train a variant, unless it has been, and measure it.

    Args:
        variant: what differs from the recipe.
        recipe: everything else.
        parts: clips to learn from, and to look at.
        recordings: to tune and measure on, the same for all.
        out: folder of this variant and seed.

    Returns:
        Those of `benchmarks.judging.decoding.tuned_figures`, and `parameters`.

    Raises:
        RecipeError: if `out` holds figures of another recipe, or of other data.
    """
    result, made = out / "figures.json", variant.of(recipe)
    of = {
        "recipe": json.loads(json.dumps(made.to_dict())),
        "clips": sorted(clip.path.name for part in parts if part is not None for clip in part.clips),
        "recordings": [recording.path.name for recording in recordings],
    }
    if result.exists():
        kept = json.loads(result.read_text())
        if {key: kept.get(key) for key in of} != of:
            raise RecipeError(
                f"{result}: was made by another recipe, or of other data; choose another --out, or delete it"
            )
        return dict(kept["figures"])
    out.mkdir(parents=True, exist_ok=True)
    network = _new_checkpoint(variant, made, parts, out)
    measured = _evaluated(made, parts[0], network, recordings)
    result.write_text(json.dumps({"figures": measured, **of}, indent=1))
    return measured


def rows(
    variants: Mapping[str, Variant],
    recipes: Sequence[Recipe],
    parts: tuple[Corpus, Corpus | None],
    recordings: Sequence[Recording],
    out: Path,
) -> dict[str, list[dict[str, Any]]]:
    """The figures of each variant, one for each recipe; these differ in their seeds. See `figures`."""
    return {
        name: [
            figures(variant, recipe, parts, recordings, out / f"{name} {recipe.training.seed}") for recipe in recipes
        ]
        for name, variant in variants.items()
    }


def costs(recipe: Recipe, labels: Sequence[str], audio: Floats, folder: Path) -> dict[str, Subject]:
    """What to time: a second of audio by each network, as it would listen; weights do not matter.

    Args:
        recipe: everything but the network.
        labels: of the classes.
        audio: `[samples]` at the recipe's rate.
        folder: for files made on the way.
    """
    timed = {}
    for name, variant in NETWORKS.items():
        made = dataclasses.replace(variant.of(recipe), decoding={})
        if variant.dcase:
            crnn = DcaseCrnn(made.frontend, len(labels))
            samples = made.frontend.overlap_samples + made.frames(made.stream.window) * made.frame_samples
            timed[name] = whole_window(crnn, samples, folder, made.stream.hop)
            continue
        path = untrained(made, labels, folder / "network.onnx")
        timed[name] = subjects.stream(Model(path), audio, made.stream.hop)
    return timed


def _new_checkpoint(variant: Variant, recipe: Recipe, parts: tuple[Corpus, Corpus | None], out: Path) -> nn.Module:
    lightning.seed_everything(recipe.training.seed, workers=True, verbose=False)
    classes = len(parts[0].labels)
    network = FramesOfRecipe(recipe, classes) if variant.dcase else Detector(recipe, classes)
    module = TrainingModule(recipe, *parts, detector=network)
    train_network(module, out, resume=(out / "last.ckpt").exists())
    return network


def _evaluated(recipe: Recipe, corpus: Corpus, network: Any, recordings: Sequence[Recording]) -> dict[str, Any]:
    checkpoint = Checkpoint(recipe=recipe, labels=corpus.labels, detector=network)
    card = make_card(checkpoint)
    model = TorchModel(checkpoint) if isinstance(network, Detector) else WholeWindows(card, network)
    return {
        **tuned_figures(card, run_on_recordings(model, recordings)),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
