"""Units of work: what one worker takes at a time.

files   some files, so that a shard holds many rows and a crash costs little
plan    long files, whose headers are read to see whether they are split
part    one part of a long file: its scores go to the destination
join    a long file whose parts are all there -> its row
"""

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from scan.recording import Alignment, Outline, Part, Plan
from scan.table import Row

Unit = dict[str, Any]

_MOST_FILES = 256
_BUNDLES = 4  # for each worker, where there are few files: the last ones to end then differ by little
_MOST_BYTES = 128 << 20
_UNKNOWN_BYTES = 8 << 20
LONG_BYTES = 32 << 20
"""A file that may be worth splitting: a quarter of an hour of the smallest FLAC, and five minutes of WAVE."""


def file_units(rows: Sequence[Row], workers: int = 1) -> Iterator[Unit]:
    """Files in bundles of about the same work, some for each worker."""
    most_files = min(_MOST_FILES, -(-len(rows) // (_BUNDLES * workers)))
    bundle, size = list[Row](), 0
    for row in rows:
        own = _UNKNOWN_BYTES if row["size"] is None else row["size"]
        if bundle and (len(bundle) >= most_files or size + own > _MOST_BYTES):
            yield {"kind": "files", "files": bundle}
            bundle, size = [], 0
        bundle.append(row)
        size += own
    if bundle:
        yield {"kind": "files", "files": bundle}


def plan_units(rows: Sequence[Row], at_once: int = 32) -> Iterator[Unit]:
    """Long files whose headers are to be read."""
    for begin in range(0, len(rows), at_once):
        yield {"kind": "plan", "files": list(rows[begin : begin + at_once])}


def part_units(row: Row, plan: Plan, present: Container[str]) -> Iterator[Unit]:
    """The parts of a long file that are not in the destination yet; `present` are the names of those that are."""
    for part in plan.parts:
        if part_name(row["number"], part) not in present:
            yield {"kind": "part", "files": [row], "plan": plan_to_json(plan), "part": part.number}


def join_unit(row: Row, plan: Plan) -> Unit:
    """The end of a long file."""
    return {"kind": "join", "files": [row], "plan": plan_to_json(plan)}


def plan_to_json(plan: Plan) -> Any:
    """A plan as lists."""
    return [list(plan.outline), list(plan.alignment), [list(part) for part in plan.parts]]


def plan_from_json(values: Any) -> Plan:
    """What `plan_to_json` made."""
    outline, alignment, parts = values
    return Plan(Outline(*outline), Alignment(*alignment), tuple(Part(*part) for part in parts))


def encoded(units: Iterable[Unit], first: int) -> list[str]:
    """Units as text, numbered from `first`."""
    return [json.dumps(unit | {"unit": first + index}, default=str) for index, unit in enumerate(units)]


def split_is_worthwhile(row: Row) -> bool:
    """Whether the header of a file is worth reading before it is processed."""
    return row["size"] is not None and row["size"] >= LONG_BYTES


def part_name(number: int, part: Part) -> str:
    """The file of a part's scores in a destination; a plan with parts of another length has other names."""
    return f"{number:012d}-{part.number:05d}-{part.first_step}-{part.end_step}.npz"
