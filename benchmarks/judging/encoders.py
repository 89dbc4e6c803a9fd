"""What a pretrained encoder knows of sounds, known and unknown, by the simplest network that can use its vectors.

A linear layer learns the classes of some folds and, as one class more, one half of the kinds of other sounds; it is
judged on a fold that it did not learn and on the other half; then the halves change places.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edge.model import Floats
from sed.data import Clip, load_corpus
from sed.network import Encoder, LogMel
from sed.recipe import DataConfig, EncoderConfig, FrontendConfig, load_encoder

_HOP_SECONDS, _QUIET_DB = 0.5, 40.0  # windows that lie this far below a clip's loudest hold nothing
_PENALTY = 1 / 30  # of the squared weights
_LEARNT_FOLDS, _JUDGED_FOLD = (1, 2, 3), 4


class Sounds(NamedTuple):
    """Vectors of clips, one matrix `[windows, size]` a clip, and what each clip is."""

    vectors: list[Tensor]
    labels: list[str]
    folds: list[int]

    def chosen(self, taken: Sequence[bool]) -> "Sounds":
        """Some of the clips."""
        rows = [row for row, take in zip(zip(*self, strict=True), taken, strict=True) if take]
        vectors, labels, folds = zip(*rows, strict=True)
        return Sounds(list(vectors), list(labels), list(folds))


def encoder_table(names: Sequence[str], known: Path, others: Path) -> Iterator[str]:
    """A line an encoder, after one of plain statistics; see `figures`."""
    yield f"{'vectors':24}  clips  AUROC  FPR90"
    for name, config in (("log-mel statistics", None), *((name, load_encoder(name, Path())) for name in names)):
        found = figures(config, known, others)
        yield f"{name:24}  {found['clips']:5.3f}  {found['auroc']:5.3f}  {found['fpr90']:5.3f}"


def figures(config: EncoderConfig | None, known: Path, others: Path) -> dict[str, float]:
    """What an encoder's vectors are worth.

    Args:
        config: of the encoder; None: mean and deviation of each band of a log-mel spectrogram, over windows of 1 s.
        known: folder of clips of the classes, in folds.
        others: folder of clips of other kinds of sound.

    Returns:
        `clips`, the share of those in the judged fold that are named right; `auroc`, of the best class's probability,
        for clips of the judged fold against other sounds; `fpr90`, the share of other sounds above the threshold
        that nine tenths of the judged fold pass.
    """
    encode, rate, samples = _statistics() if config is None else _encoder(config)
    classes, other = (_sounds(folder, encode, rate, samples) for folder in (known, others))
    kinds = sorted(set(other.labels))
    halves = [judged(classes, other, half) for half in (kinds[::2], kinds[1::2])]
    return {name: float(np.mean([half[name] for half in halves])) for name in halves[0]}


def _encoder(config: EncoderConfig) -> tuple[Callable[[Tensor], Tensor], int, int]:
    return Encoder(config), config.sample_rate, config.window_samples


def _statistics() -> tuple[Callable[[Tensor], Tensor], int, int]:
    config = FrontendConfig()
    logmel = LogMel(config)

    def encode(windows: Tensor) -> Tensor:
        bands = logmel(windows)[:, 0]
        return torch.cat([bands.mean(dim=1), bands.std(dim=1)], dim=1)

    return encode, config.sample_rate, config.overlap_samples + 80 * config.hop_length


def _sounds(folder: Path, encode: Callable[[Tensor], Tensor], rate: int, samples: int) -> Sounds:
    clips = [clip for clip in load_corpus([folder], rate, DataConfig()).clips if len(clip.labels) == 1]
    return Sounds(
        [encode(torch.from_numpy(_windows(clip, rate, samples))) for clip in clips],
        [clip.labels[0] for clip in clips],
        [clip.fold for clip in clips],
    )


def _windows(clip: Clip, rate: int, samples: int) -> Floats:
    """The windows of a clip in which something sounds: `[windows, samples]`."""
    audio = clip.audio[0 : len(clip.audio)]
    audio = np.pad(audio, (0, max(0, samples - len(audio))))
    windows = np.lib.stride_tricks.sliding_window_view(audio, samples)[:: round(_HOP_SECONDS * rate)]
    level_db = 10 * np.log10(np.mean(windows**2, axis=1) + 1e-12)
    return np.ascontiguousarray(windows[level_db >= level_db.max() - _QUIET_DB])


def judged(known: Sounds, others: Sounds, learnt_kinds: Sequence[str]) -> dict[str, float]:
    """The figures of a linear layer that has learnt from these kinds of other sounds; see `figures`."""
    classes = sorted(set(known.labels))
    learnt = known.chosen([fold in _LEARNT_FOLDS for fold in known.folds])
    negative = others.chosen([label in learnt_kinds for label in others.labels])
    targets = [classes.index(label) for label in learnt.labels] + [len(classes)] * len(negative.labels)
    layer = _fitted(learnt.vectors + negative.vectors, targets, len(classes) + 1)

    def scores(sounds: Sounds) -> Tensor:
        probabilities = [torch.softmax(layer(F.normalize(v)), dim=1).mean(dim=0) for v in sounds.vectors]
        return torch.stack(probabilities)[:, : len(classes)]

    unheard = known.chosen([fold == _JUDGED_FOLD for fold in known.folds])
    with torch.no_grad():
        of_known = scores(unheard)
        unknown = scores(others.chosen([label not in learnt_kinds for label in others.labels])).amax(dim=1)
    best = of_known.amax(dim=1)
    right = [
        classes[column] == label for column, label in zip(of_known.argmax(dim=1).tolist(), unheard.labels, strict=True)
    ]
    above = (best[:, None] > unknown).double() + (best[:, None] == unknown).double() / 2
    return {
        "clips": float(np.mean(right)),
        "auroc": float(above.mean()),
        "fpr90": float((unknown >= torch.quantile(best, 0.1)).double().mean()),
    }


def _fitted(vectors: list[Tensor], targets: list[int], classes: int) -> nn.Linear:
    """Logistic regression on vectors of length 1."""
    rows = F.normalize(torch.cat(vectors))
    truth = torch.repeat_interleave(torch.tensor(targets), torch.tensor([len(one) for one in vectors]))
    layer = nn.Linear(rows.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(layer(rows), truth, reduction="sum") + _PENALTY / 2 * layer.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]  # torch's own
    return layer
