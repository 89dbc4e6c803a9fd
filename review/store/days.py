"""Which days are trained on, and which are held out: a day is never on both sides.

Every fifth day by the calendar is in fold 5, the one that `sed-train` holds out unless a recipe says otherwise; the
others are in folds 1 to 4, so that a day keeps its fold as others are added. What has no date is placed by a hash of
its name. Only where this leaves one side empty, the last day is held out, or the first is not; a single day is in fold
1, and nothing is held out.
"""

import hashlib
from collections.abc import Iterable
from datetime import date

HELD_OUT_FOLD = 5


def folds_by_day(days: Iterable[str]) -> dict[str, int]:
    """The fold of each day, from 1 to 5; days as `Review.day` gives them.

    >>> folds_by_day(["2026-11-28", "2026-11-29", "2026-11-30"])
    {'2026-11-28': 4, '2026-11-29': 5, '2026-11-30': 1}
    """
    folds = {day: 1 + _number(day) % HELD_OUT_FOLD for day in sorted(set(days))}
    if len(folds) > 1:
        if HELD_OUT_FOLD not in folds.values():
            folds[max(folds)] = HELD_OUT_FOLD
        elif set(folds.values()) == {HELD_OUT_FOLD}:
            folds[min(folds)] = 1
    elif folds:
        folds = dict.fromkeys(folds, 1)
    return folds


def _number(day: str) -> int:
    try:
        return date.fromisoformat(day).toordinal()
    except ValueError:
        return int.from_bytes(hashlib.sha256(day.encode()).digest())
