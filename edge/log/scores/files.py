"""Frame scores in numbered files: NumPy archives, or Parquet for tables.

Neither kind of file can be appended to safely, so a run writes several, each whole: what is requested as
`scores.npz` becomes `scores.000001.npz`, `scores.000002.npz` and so on, and a later run continues the numbers.

| .npz                                 | .parquet                      | holds                                         |
|--------------------------------------|-------------------------------|-----------------------------------------------|
| scores `[frames, classes]`, float32  | a column `score_dog` a label  | probability of each class in each frame       |
| labels `[classes]`                   | the names of these columns    | in the order of the scores                    |
| source `[frames]`                    | source                        | the source of the frame                       |
| frame `[frames]`                     | frame                         | its number since the source began             |
| lost `[frames]`                      | lost                          | True where the sound was lost                 |
| card, entries                        | metadata: sed_edge_card,      | JSON: the model's card, and the entries       |
|                                      | sed_edge_entries              | between the scores (see `sink`)               |

Frame k begins at k * frame_samples / sample_rate seconds, both in the card.
"""

import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.errors import SettingError, SourceError
from edge.log.scores.entries import Entry, check_entries
from edge.log.whole_file import part_of, whole_file
from edge.model import Card, Floats

_SUFFIXES = (".npz", ".parquet")
# What NumPy, zipfile, pyarrow and json raise for a file in another form than they expect.
_UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, MemoryError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error),
)


class ScoreFile(NamedTuple):
    """The content of one file.

    Attributes:
        card: of the model that gave the scores.
        entries: what happened, in order; the frames of those with `pushes` follow each other in `scores`.
        scores: `[frames, classes]`.
        lost: `[frames]`, True where the sound was lost.
    """

    card: Card
    entries: list[Entry]
    scores: Floats
    lost: NDArray[np.bool_]

    def parts(self) -> Iterator[tuple[Entry, slice]]:
        """The entries that have scores, and which rows are theirs."""
        at = 0
        for entry in self.entries:
            if count := sum(entry.get("pushes", ())):
                yield entry, slice(at, at + count)
                at += count


def check_path(path: Path) -> None:
    """Check that scores can be written there.

    Raises:
        ModuleNotFoundError: if pyarrow, which writes Parquet, is missing.
        OSError: if its folder is missing or cannot be written.
        SettingError: if its suffix is not one of ours.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise SettingError(f"--scores {path}: expected a path that ends in {' or '.join(_SUFFIXES)}")
    if path.suffix.lower() == ".parquet":
        import pyarrow  # noqa: F401  # fail now rather than at the first file
    part = part_of(path)
    try:
        part.touch()
        part.unlink()
    except OSError as exc:
        raise OSError(exc.errno, exc.strerror, f"--scores {path}") from exc


def next_path(path: Path) -> Path:
    """The path with the first number that is not in use."""
    taken = [int(found.name.split(".")[-2]) for found in _numbered(path)]
    return path.with_name(f"{path.stem}.{max(taken, default=0) + 1:06d}{path.suffix}")


def save_score_file(content: ScoreFile, path: Path) -> None:
    """Write one file, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    with whole_file(path) as file:
        if path.suffix.lower() == ".npz":
            _write_npz(content, file)
        else:
            _write_parquet(content, file)


def load_score_files(path: Path) -> Iterator[ScoreFile]:
    """The contents of the numbered files of `path`, in order, or of `path` itself if it is a file.

    Raises:
        SourceError: if there are none, or one cannot be read.
    """
    for file in find_score_files(path):
        yield _load(file)


def find_score_files(path: Path) -> list[Path]:
    """The numbered files of `path`, in order, or `path` itself if it is a file.

    Raises:
        SourceError: if there are none.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise SourceError(f"{path}: holds no scores; give what sed-stream --scores was given, {' or '.join(_SUFFIXES)}")
    files = [path] if path.is_file() else _numbered(path)
    if not files:
        raise SourceError(f"{path}: no such scores, nor {path.stem}.000001{path.suffix}; see sed-stream --scores")
    return files


def _load(path: Path) -> ScoreFile:
    try:
        content = _read_npz(path) if path.suffix.lower() == ".npz" else _read_parquet(path)
        frames = check_entries(content.entries, content.card)
        if content.scores.shape != (frames, len(content.card.labels)) or content.lost.shape != (frames,):
            raise ValueError(f"{frames} frames, but scores of shape {content.scores.shape}")
        if (
            content.scores.dtype != np.float32
            or content.lost.dtype != np.bool_
            or np.abs(content.scores).max(initial=0) > 1
        ):
            raise ValueError(f"scores of {content.scores.dtype} that are not probabilities")
        return content
    except _UNREADABLE as exc:
        raise SourceError(f"{path}: holds no scores that can be read; give what sed-stream --scores wrote") from exc


def _write_npz(content: ScoreFile, file: Any) -> None:
    sources, frames = _grid(content)
    np.savez_compressed(
        file,
        scores=content.scores,
        labels=np.array(content.card.labels),
        source=np.array(sources, dtype=np.str_),
        frame=frames,
        lost=content.lost,
        card=np.array(content.card.to_json()),
        entries=np.array(json.dumps(content.entries)),
    )


def _read_npz(path: Path) -> ScoreFile:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        card = Card.from_json(str(arrays["card"]), str(path))
        return ScoreFile(card, json.loads(str(arrays["entries"])), arrays["scores"], arrays["lost"])


def _write_parquet(content: ScoreFile, file: Any) -> None:
    import pyarrow
    import pyarrow.parquet

    sources, frames = _grid(content)
    columns = {"source": pyarrow.array(sources, pyarrow.string()), "frame": frames, "lost": content.lost}
    for label, column in zip(content.card.labels, content.scores.T, strict=True):
        columns[f"score_{label}"] = np.ascontiguousarray(column)
    metadata = {"sed_edge_card": content.card.to_json(), "sed_edge_entries": json.dumps(content.entries)}
    pyarrow.parquet.write_table(pyarrow.table(columns, metadata=metadata), file, compression="zstd")


def _read_parquet(path: Path) -> ScoreFile:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    metadata = table.schema.metadata or {}
    card = Card.from_json(metadata[b"sed_edge_card"].decode(), str(path))
    scores = [table[f"score_{label}"].to_numpy() for label in card.labels]
    return ScoreFile(
        card, json.loads(metadata[b"sed_edge_entries"]), np.stack(scores, axis=1), table["lost"].to_numpy()
    )


def _grid(content: ScoreFile) -> tuple[list[str], NDArray[np.int64]]:
    """The source and the number of each frame."""
    sources: list[str] = []
    frames = [np.zeros(0, dtype=np.int64)]
    for entry, rows in content.parts():
        count = rows.stop - rows.start
        sources += [entry["source"]] * count
        frames.append(np.arange(entry["first_frame"], entry["first_frame"] + count))
    return sources, np.concatenate(frames)


def _numbered(path: Path) -> list[Path]:
    """The files of `path`, by number."""
    pattern = re.compile(re.escape(path.stem) + r"\.(\d{6,})" + re.escape(path.suffix))
    names = os.listdir(path.parent) if path.parent.is_dir() else []
    found = [(int(match[1]), path.with_name(match[0])) for match in map(pattern.fullmatch, names) if match is not None]
    return [file for _, file in sorted(found)]
