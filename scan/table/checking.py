"""Whether the table is complete, and a summary of what is in it."""

import hashlib
import json
from collections import Counter
from typing import Any

import numpy as np

from scan.archive import Folder
from scan.table.destination import SUMMARY, required_description
from scan.table.manifest import Manifest
from scan.table.shards import read_shards


def verify(folder: Folder) -> list[str]:
    """Compare rows with the manifest.

    Returns:
        What is wrong, a line each; nothing if every file has exactly one row, of one model and one choice of settings.

    Raises:
        ScanError: if the folder is no destination.
    """
    description, manifest = required_description(folder), Manifest(folder)
    counts, marks = np.zeros(manifest.total, dtype=np.int64), np.zeros(manifest.total, dtype="S16")
    for wave in manifest.waves():
        for row in wave:
            marks[row["number"]] = _mark(row["path"])
    wrong = [] if manifest.total else ["the manifest names no file"]
    for name, table in read_shards(folder, ["number", "path", "settings"]):
        numbers = table["number"].to_numpy()
        inside = (numbers >= 0) & (numbers < manifest.total)
        np.add.at(counts, numbers[inside], 1)
        found = np.array([_mark(path) for path in table["path"].to_pylist()], dtype="S16")
        strange = int((~inside).sum()) + int((found[inside] != marks[numbers[inside]]).sum())
        if strange:
            wrong.append(f"{name}: {strange} rows of files that are not in the manifest")
        if set(table["settings"].to_pylist()) != {description["hash"]}:
            wrong.append(f"{name}: has rows of another model or other settings")
    for places, what in ((counts == 0, "have no row"), (counts > 1, "have several rows")):
        if places.any():
            wrong.append(f"{int(places.sum())} files {what}, the first is number {int(np.flatnonzero(places)[0])}")
    return wrong


def summarise(folder: Folder) -> dict[str, Any]:
    """Count what is in the table, and write that as `summary.json`.

    Raises:
        ScanError: if the folder is no destination.
    """
    description = required_description(folder)
    events, errors = Counter[str](), Counter[str]()
    rows, seconds, gap_seconds = 0, 0.0, 0.0
    for _, table in read_shards(folder, ["error", "seconds", "gap_seconds", "events"]):
        rows += table.num_rows
        seconds += float(np.sum(table["seconds"].to_numpy()))
        gap_seconds += float(np.sum(table["gap_seconds"].to_numpy()))
        errors.update(error for error in table["error"].to_pylist() if error)
        for found in table["events"].to_pylist():
            events.update(event["label"] for event in found)
    summary = {
        "model": description["model"],
        "hash": description["hash"],
        "rows": rows,
        "failed": sum(errors.values()),
        "hours": round(seconds / 3600, 4),
        "gap_seconds": round(gap_seconds, 3),
        "events": dict(events.most_common()),
        "errors": dict(errors.most_common(20)),
    }
    folder.write(SUMMARY, json.dumps(summary, indent=1, ensure_ascii=False).encode())
    return summary


def summary_text(summary: dict[str, Any]) -> str:
    """A summary for people."""
    lines = [
        f"{summary['rows']} files, {summary['hours']:.2f} h of sound, {summary['gap_seconds']:.1f} s lost, "
        f"{summary['failed']} failed"
    ]
    lines += [f"  {count:>9} {label}" for label, count in summary["events"].items()]
    lines += [f"  {count:>9} failed: {error}" for error, count in summary["errors"].items()]
    return "\n".join(lines)


def _mark(path: str) -> bytes:
    return hashlib.blake2b(path.encode(errors="replace"), digest_size=16).digest()
