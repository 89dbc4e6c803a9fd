"""The threshold of each group of sounds, chosen by the false alarms that it makes on recordings without that group.

Words in a recording's labels, or else in its name, say by `[holds]` which groups it may hold; one without such a word
is left out. An event of a group in a recording that does not hold it is a false alarm. A threshold is the lowest
at which an upper bound of its false alarms an hour keeps to a budget: k alarms in T hours bound the rate, with nine
tenths of confidence, by chi2(.9, 2 k + 2) / 2 T.
"""

import logging
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2
from tqdm import tqdm

from edge.detection import Decoder
from edge.errors import SourceError
from edge.model import Card, ClassDecoding, Floats, Model, ScoreStream, window_of
from edge.sources import read_audio
from export.yamnet.sounds import SETTINGS
from sed.evaluation import Recording, read_recordings

_log = logging.getLogger(__name__)

BUDGET = 10.0  # false alarms an hour of a group, upper bound
_CONFIDENCE = 0.9
_CANDIDATES = tuple(round(0.05 * step, 2) for step in range(2, 20))  # 0.1 to 0.95


class Scored(NamedTuple):
    """Scores `[frames, classes]` of a recording, the groups that it holds and its length."""

    scores: Floats
    holds: frozenset[str]
    seconds: float


class Choice(NamedTuple):
    """A group's threshold, its false alarms in `hours` without it, and `found` of the recordings `holding` it."""

    on: float
    false_alarms: int
    hours: float
    found: int
    holding: int

    @property
    def most_an_hour(self) -> float:
        """The upper bound of the rate of false alarms."""
        return upper_bound(self.false_alarms, self.hours)


def upper_bound(events: int, hours: float) -> float:
    """The rate that is exceeded with a tenth of probability at most, by Poisson's law.

    >>> round(upper_bound(0, 8.0), 2)
    0.29
    """
    return float(chi2.ppf(_CONFIDENCE, 2 * events + 2)) / (2 * hours)


def choose(model: Model, folders: Sequence[Path], settings: Path = SETTINGS) -> dict[str, Choice]:
    """Choose the thresholds of all groups.

    Args:
        model: its card has the groups; their thresholds do not matter.
        folders: of recordings, in any layout of `sed.data`.
        settings: a TOML whose `[holds]` says which words stand for which groups.

    Returns:
        By group, in the card's order.
    """
    words = {word: frozenset(groups) for word, groups in tomllib.loads(settings.read_text())["holds"].items()}
    scored = list(_scored(model, read_recordings(folders), words))
    return {group: _choice(model.card, group, scored) for group in model.card.groups}


def table(chosen: dict[str, Choice]) -> str:
    """The thresholds with what they do, a line a group."""
    lines = [f"{'group':<8}   on  false alarms  hours  at most an hour  found in"]
    lines += [
        f"{name:<8} {one.on:4.2f}  {one.false_alarms:12d}  {one.hours:5.2f}  {one.most_an_hour:15.1f}  "
        f"{one.found} of {one.holding}"
        for name, one in chosen.items()
    ]
    return "\n".join(lines)


def groups_held(recording: Recording, words: dict[str, frozenset[str]]) -> frozenset[str] | None:
    """The groups of sounds in a recording by its labels, or else its name; None if no word knows it."""
    text = " ".join(recording.labels) or recording.path.stem.lower()
    known = [groups for word, groups in words.items() if word in text]
    return frozenset().union(*known) if known else None


def _scored(model: Model, recordings: Sequence[Recording], words: dict[str, frozenset[str]]) -> Iterator[Scored]:
    left_out = 0
    for recording in tqdm(recordings, desc="listening", unit="file", disable=None):
        holds = groups_held(recording, words)
        if holds is None:
            left_out += 1
            continue
        try:
            audio = read_audio(recording.path, model.card.sample_rate)
        except SourceError as exc:
            _log.warning("skipped: %s", exc)
            continue
        stream = ScoreStream(model, window_of(model.card))
        scores = np.concatenate([*stream.push(audio), *stream.flush()])
        yield Scored(scores, holds, len(audio) / model.card.sample_rate)
    if left_out:
        _log.warning("left out: %d recordings that no word of [holds] knows", left_out)


def _choice(card: Card, group: str, scored: Sequence[Scored]) -> Choice:
    without = [one for one in scored if group not in one.holds]
    holding = [one for one in scored if group in one.holds]
    hours = sum(one.seconds for one in without) / 3600
    for on in _CANDIDATES:
        alarms = sum(_events(card, group, on, one) for one in without)
        if upper_bound(alarms, hours) <= BUDGET:
            break
    found = sum(_events(card, group, on, one) > 0 for one in holding)
    return Choice(on, alarms, hours, found, len(holding))


def _events(card: Card, group: str, on: float, scored: Scored) -> int:
    """How many events of a group the decoder reports at a threshold."""
    labels = [label for label in card.groups[group] if label in card.default_labels] or list(card.groups[group])
    columns = [card.labels.index(label) for label in labels]
    decoding = {label: _at(card.decoding[label], on) for label in labels}
    decoder = Decoder(labels, decoding)
    return len(decoder.push(scored.scores[:, columns]) + decoder.flush())


def _at(settings: ClassDecoding, on: float) -> ClassDecoding:
    return ClassDecoding(
        on=on,
        off=on * settings.off / settings.on,
        median_frames=settings.median_frames,
        shortest_frames=settings.shortest_frames,
        merge_frames=settings.merge_frames,
    )
