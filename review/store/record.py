"""One review: what was reported, and what a person says of it. A line of `reviews.jsonl`, which lies beside the clips.

A line stands for itself: it repeats what the clip's JSON file says, so that reviews alone suffice to choose thresholds.

| field                               | says                                                                         |
|-------------------------------------|------------------------------------------------------------------------------|
| schema                              | `sed-edge-review/1`                                                          |
| clip                                | path of the audio file in the folder of `reviews.jsonl`, with `/`            |
| kind                                | `event` (it was reported) or `near miss` (it was not)                        |
| source, event_id, onset_utc         | as in the log; the last two are null where they are not known                |
| label, onset, offset                | as reported; seconds within the clip                                         |
| score                               | peak of the smoothed score                                                   |
| decoding                            | settings of the label's decoder: on, off, median_frames, ...                 |
| model                               | its `model_id`, which holds a fingerprint of its weights                     |
| verdict                             | `right`, `wrong`, `other`, `unsure`, or `withdrawn`: the one before is undone|
| true_label, true_onset, true_offset | the event that there is, by the reviewer; null unless right or other         |
| picked                              | why this clip was asked about: `threshold`, `rare`, `random`, or null        |
| reviewer, reviewed_at, took_seconds | who, when (UTC), and how long it took; the last is null if not known         |

`right` and `wrong` are about the label: a near miss that is right is an event that the model missed. Where borders were
not dragged, true_onset and true_offset are those reported. Of several reviews of one clip the newest counts.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from edge.model import ClassDecoding

SCHEMA = "sed-edge-review/1"
RIGHT, WRONG, OTHER, UNSURE, WITHDRAWN = VERDICTS = ("right", "wrong", "other", "unsure", "withdrawn")
EVENT, NEAR_MISS = KINDS = ("event", "near miss")
PICKED = ("threshold", "rare", "random")
_LONGEST_LABEL = 80


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a person says of one clip; the table in this module says what the fields are.

    Raises:
        ValueError: if a value is wrong.
    """

    clip: str
    kind: str
    source: str
    label: str
    onset: float
    offset: float
    score: float
    decoding: ClassDecoding
    model: str
    verdict: str
    reviewed_at: str
    event_id: int | None = None
    onset_utc: str | None = None
    true_label: str | None = None
    true_onset: float | None = None
    true_offset: float | None = None
    picked: str | None = None
    reviewer: str = ""
    took_seconds: float | None = None

    def __post_init__(self) -> None:
        path = PurePosixPath(self.clip)
        _require(bool(path.parts) and not path.is_absolute() and ".." not in path.parts, "clip", self.clip)
        _require("\\" not in self.clip and "\0" not in self.clip, "clip", self.clip)
        _require(self.kind in KINDS, "kind", self.kind)
        _require(self.verdict in VERDICTS, "verdict", self.verdict)
        _require(self.picked is None or self.picked in PICKED, "picked", self.picked)
        _require(0.0 <= self.score <= 1.0, "score", self.score)
        _require(self.took_seconds is None or 0.0 <= self.took_seconds < math.inf, "took_seconds", self.took_seconds)
        _require_span("onset", self.onset, self.offset)
        _require_label("label", self.label)
        for name in ("reviewed_at", "onset_utc"):
            if (text := getattr(self, name)) is not None:
                _require(datetime.fromisoformat(text).tzinfo is not None, name, text)
        self._check_truth()

    def _check_truth(self) -> None:
        truth = (self.true_label, self.true_onset, self.true_offset)
        if self.verdict not in (RIGHT, OTHER):
            _require(truth == (None, None, None), "true_label, true_onset, true_offset", truth)
            return
        label, onset, offset = truth
        if label is None or onset is None or offset is None:
            raise ValueError(f"{self.verdict} says what there is, got {truth}")
        _require_label("true_label", label)
        _require_span("true_onset", onset, offset)
        _require((label == self.label) == (self.verdict == RIGHT), "true_label", label)

    @property
    def day(self) -> str:
        """The day (UTC) of the event; the name of its source where the time of day is not known."""
        return self.source if self.onset_utc is None else self.onset_utc[:10]

    def to_json(self) -> str:
        """The review as one line, without its end."""
        fields = {"schema": SCHEMA, **vars(self), "decoding": vars(self.decoding)}
        return json.dumps(fields, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> "Review":
        """Read a line; fields that are not known are left out.

        Raises:
            ValueError: if it is no review.
        """
        try:
            fields = json.loads(line)
            _require(fields["schema"] == SCHEMA, "schema", fields["schema"])
            values = {one.name: fields[one.name] for one in dataclasses.fields(cls)}
            _check_types(values)
            return cls(**values | {"decoding": ClassDecoding(**values["decoding"])})
        except (LookupError, TypeError, AttributeError, RecursionError) as exc:
            raise ValueError(f"no review: {exc!r}") from exc


_NUMBER, _NULL = (int, float), (type(None),)
_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("clip", "kind", "source", "label", "model", "verdict", "reviewed_at", "reviewer"), (str,)),
    **dict.fromkeys(("onset_utc", "true_label", "picked"), (str, *_NULL)),
    **dict.fromkeys(("onset", "offset", "score"), _NUMBER),
    **dict.fromkeys(("true_onset", "true_offset", "took_seconds"), (*_NUMBER, *_NULL)),
    **{"event_id": (int, *_NULL), "decoding": (dict,)},
}


def _check_types(values: Mapping[str, Any]) -> None:
    for name, types in _TYPES.items():
        _require(isinstance(values[name], types), name, values[name])


def _require(fits: bool, name: str, value: object) -> None:
    if not fits:
        raise ValueError(f"{name} is {value!r}")


def _require_span(name: str, onset: float, offset: float) -> None:
    _require(0.0 <= onset < offset < math.inf, name, (onset, offset))


def _require_label(name: str, label: str) -> None:
    _require(0 < len(label) <= _LONGEST_LABEL and label.isprintable() and label == label.strip(), name, label)
