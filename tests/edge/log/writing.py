import json
from pathlib import Path

from edge.log.file_sink import FileSink
from edge.log.formats import format_of
from edge.log.line_file import Rotation
from edge.log.records import Record


def event(number: int, source: str = "porch") -> Record:
    """A record that tells itself from others."""
    times = {"onset": float(number), "offset": number + 0.5}
    return {"type": "event", "source": source, "id": number, "label": "dog", **times, "confidence": 0.9}


def sink(path: Path, *, durable: bool = False, rotation: Rotation | None = None) -> FileSink:
    """A file of the format that its suffix tells."""
    form = format_of(path.name, sample_rate=16_000, several=False)[1]
    return FileSink(path, form, durable=durable, rotation=rotation)


def numbers(*paths: Path) -> list[int]:
    """The events of some files, each line of which is whole."""
    records = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [record["id"] for record in records if record["type"] == "event"]


def column(path: Path, number: int, delimiter: str = ",") -> list[str]:
    """One column of a table, its header first."""
    return [line.split(delimiter)[number] for line in path.read_text().splitlines()]
