"""The kinds of sound in recordings without events: what false alarms come from, and what a class is near to.

Most false alarms come from few kinds of sound, so their rate is known as well as there are many kinds, however many
recordings there are of each. A recording whose kind is not known counts as one of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.detection import AlarmRate, alarm_rate
from sed.evaluation.inference import RecordingResult

_TAKEN = 0.5  # the clip score from which on a recording is taken for a class


@dataclass(frozen=True, kw_only=True)
class Kind:
    """The recordings of one kind of sound, none of which has an event.

    Attributes:
        name: the kind, or the path of the only recording if its kind is not known.
        known: whether it is known.
        results: of its recordings.
    """

    name: str
    known: bool
    results: tuple[RecordingResult, ...]

    @property
    def hours(self) -> float:
        """Length of its recordings."""
        return sum(one.seconds for one in self.results) / 3600

    @property
    def alarms(self) -> Counter[str]:
        """Events reported in its recordings, all of them false, by label."""
        return Counter(label for one in self.results for *_, label in one.events)


def kinds_of(results: Sequence[RecordingResult]) -> list[Kind]:
    """The kinds of sound in the recordings that have a truth and no event in it, by name."""
    found: dict[tuple[str, bool], list[RecordingResult]] = {}
    for one in results:
        if one.recording.truth == ():
            key = (one.recording.kind or one.name, bool(one.recording.kind))
            found.setdefault(key, []).append(one)
    return [Kind(name=name, known=known, results=tuple(found[name, known])) for name, known in sorted(found)]


def false_alarm_rate(kinds: Sequence[Kind]) -> AlarmRate | None:
    """How many false alarms an hour these kinds give, and others may; None without kinds."""
    if not kinds:
        return None
    count, plural = len(kinds), "s" * (len(kinds) > 1)
    counted_on = f"{count} kind{plural} of sound" if all(kind.known for kind in kinds) else f"{count} recording{plural}"
    return alarm_rate([kind.alarms.total() for kind in kinds], [kind.hours for kind in kinds], counted_on)


def near_kinds(kinds: Sequence[Kind], labels: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
    """The known kinds of sound that a model takes for each label, and in what share of their recordings.

    Args:
        kinds: from `kinds_of`.
        labels: of the model.

    Returns:
        For each label (kind, share of its recordings with a clip score of at least 0.5), greatest first; kinds without
        such a recording are left out.
    """
    near: dict[str, list[tuple[str, float]]] = {label: [] for label in labels}
    for kind in kinds:
        if kind.known:
            shares = np.mean([one.clip_scores >= _TAKEN for one in kind.results], axis=0).tolist()
            for label, share in zip(labels, shares, strict=True):
                near[label] += [(kind.name, share)] * (share > 0.0)
    return {label: sorted(found, key=lambda one: -one[1]) for label, found in near.items()}
