"""Writes clips, each whole or not at all: under another name first, then renamed; the JSON file comes last.

A clip of a source whose time of day is known is `yard/2026/11/30/20261130T025107.340Z_dog_91.flac`: the onset of the
event in UTC, its label and its confidence in percent. Else it is `yard/00012.350s_dog_91.flac`, by seconds since the
source began. Near misses are in `near-misses/`.
"""

import glob
import io
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.log import Record, rfc3339
from edge.outputs.clips.recall import Cut
from edge.outputs.clips.settings import FORMATS
from edge.sources import Resampler

SCHEMA = "sed-edge-clip/1"
NEAR_MISSES = "near-misses"
REVIEWS = "reviews.jsonl"  # beside the clips, by sed-review
_PART = ".part"
_LONGEST_DESCRIPTION = 1 << 20
_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


class Moment(NamedTuple):
    """An event or a near miss, of which a clip is saved.

    Attributes:
        source: its name.
        label: of the event.
        onset: seconds since the source began.
        offset: seconds since the source began.
        confidence: peak of the smoothed score.
        onset_at: time of day, in UTC, if known.
        kind: `event` or `near miss`.
        fields: of the record, that the JSON file repeats.
    """

    source: str
    label: str
    onset: float
    offset: float
    confidence: float
    onset_at: datetime | None
    kind: str
    fields: dict[str, Any]


def encode(samples: NDArray[np.float32], sample_rate: int, form: str) -> bytes:
    """The content of a file.

    `wav` holds 32-bit floats, the samples themselves. `flac` holds 16 bits where these suffice, else 24: the samples
    themselves, too, of sources of at most 24 bits. Levels are never changed.
    """
    file = io.BytesIO()
    if form == "wav":
        soundfile.write(file, samples, sample_rate, format="WAV", subtype="FLOAT")
    elif form == "flac":
        bits = 16 if bool(np.all(samples * 2.0**15 == np.rint(samples * 2.0**15))) else 24
        most = 2.0 ** (bits - 1)
        whole = np.clip(np.rint(samples.astype(np.float64) * most), -most, most - 1).astype(np.int32) << (32 - bits)
        soundfile.write(file, whole, sample_rate, format="FLAC", subtype=f"PCM_{bits}")
    else:
        if sample_rate not in _OPUS_RATES:
            samples, sample_rate = _resampled(samples, sample_rate, _OPUS_RATES[-1]), _OPUS_RATES[-1]
        soundfile.write(file, samples, sample_rate, format="OGG", subtype="OPUS")
    return file.getvalue()


def _resampled(samples: NDArray[np.float32], from_rate: int, to_rate: int) -> NDArray[np.float32]:
    channels = []
    for channel in samples.T:
        resampler = Resampler(from_rate, to_rate)
        channels.append(np.concatenate([resampler.push(np.ascontiguousarray(channel)[:, None]), resampler.flush()]))
    return np.stack(channels, axis=1)


def moment_of(record: Record) -> Moment:
    """The event of a record."""
    at = None if "onset_utc" not in record else datetime.fromisoformat(record["onset_utc"])
    repeated = ("id", "closed_by", "onset_utc", "offset_utc")
    return Moment(
        record["source"],
        record["label"],
        record["onset"],
        record["offset"],
        record["confidence"],
        at,
        "event",
        {name: record[name] for name in repeated if name in record},
    )


def clip_path(folder: Path, moment: Moment, form: str) -> Path:
    """Where a clip belongs; the name is not in use."""
    first = path = _first_path(folder, moment, form)
    number = 1
    while path.exists() or path.with_suffix(".json").exists():
        number += 1
        path = first.with_name(f"{first.stem}-{number}.{form}")
    return path


def find_clip(folder: Path, record: Record) -> Path | None:
    """The sound file of an event's clip, if it was saved and is still there.

    Args:
        folder: of the clips.
        record: of the event, from the run that saved it.
    """
    first = _first_path(folder, moment_of(record), "json")
    for path in sorted(first.parent.glob(f"{glob.escape(first.stem)}*.json")):
        try:
            described = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue  # it has just been deleted, or is no clip of ours
        if isinstance(described, dict) and described.get("id") == record["id"]:
            sound = path.with_name(str(described.get("file")))
            inside = sound.resolve().is_relative_to(folder.resolve())
            return sound if inside and sound.suffix[1:] in FORMATS and sound.stem == path.stem else None
    return None


def _first_path(folder: Path, moment: Moment, form: str) -> Path:
    """Where a clip belongs if its name is not in use."""
    place = folder / NEAR_MISSES if moment.kind != "event" else folder
    place /= _name(moment.source)
    if moment.onset_at is None:
        stamp = f"{moment.onset:09.3f}s"
    else:
        place /= f"{moment.onset_at:%Y/%m/%d}"
        stamp = rfc3339(moment.onset_at).replace("-", "").replace(":", "")
    return place / f"{stamp}_{_name(moment.label)}_{100 * moment.confidence:02.0f}.{form}"


def description(path: Path, moment: Moment, cut: Cut, settings: dict[str, Any]) -> dict[str, Any]:
    """The content of the JSON file beside a clip; `onset` and `offset` are seconds within the clip."""
    begin, seconds = cut.begin_seconds, len(cut.samples) / cut.sample_rate
    described = {
        "schema": SCHEMA,
        "file": path.name,
        "kind": moment.kind,
        "source": moment.source,
        "label": moment.label,
        "confidence": moment.confidence,
        "onset": round(max(0.0, moment.onset - begin), 6),
        "offset": round(min(seconds, moment.offset - begin), 6),
        "whole": moment.onset >= begin - 1e-3 and moment.offset <= begin + seconds + 1e-3,
        "seconds": round(seconds, 6),
        "begin_in_source": round(begin, 6),
        "sample_rate": cut.sample_rate,
        "channels": cut.samples.shape[1],
        "gaps": [hole._asdict() for hole in cut.holes],
    }
    if moment.onset_at is not None:
        described["begin_utc"] = rfc3339(moment.onset_at - timedelta(seconds=moment.onset - begin))
    return described | moment.fields | {"settings": settings, "locked": False}


def save(path: Path, audio: bytes, described: dict[str, Any], picture: bytes | None) -> None:
    """Write the files of a clip; where one cannot be written, none is left.

    Raises:
        OSError: if one cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(described, ensure_ascii=False, indent=1).encode() + b"\n"
    contents = [(path, audio), *([] if picture is None else [(path.with_suffix(".png"), picture)])]
    contents.append((path.with_suffix(".json"), text))
    done: list[Path] = []
    try:
        for name, content in contents:
            part = name.with_name(f".{name.name}{_PART}")
            done.append(part)
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name, _ in contents:
            name.with_name(f".{name.name}{_PART}").replace(name)
            done.append(name)
    except OSError:
        for name in done:
            name.unlink(missing_ok=True)
        raise


def read_description(path: Path) -> dict[str, Any] | None:
    """The JSON of a clip; None if it is something else."""
    try:
        if path.is_symlink() or path.stat().st_size > _LONGEST_DESCRIPTION:
            return None
        described = json.loads(path.read_bytes())
        if described["schema"] != SCHEMA or Path(described["file"]).name != described["file"]:
            return None
        if not isinstance(described["label"], str) or not isinstance(described["confidence"], float | int):
            return None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    assert isinstance(described, dict)
    return described


def leftovers(folder: Path) -> Iterator[Path]:
    """What an earlier run had begun to write when it was ended."""
    pattern = re.compile(r"\..*_\d{2,3}(-\d+)?\.(flac|opus|wav|json|png)\.part")
    return (path for path in folder.rglob(f".*{_PART}") if pattern.fullmatch(path.name))


def _name(text: str) -> str:
    """A part of a path: letters, digits, and `_` for all else."""
    return re.sub(r"[^\w.-]+", "_", text).strip("._")[-80:] or "_"
