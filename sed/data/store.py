"""Decoded audio, cached on disk: a file is decoded once; later its samples are read in parts.

    $SED_EDGE_CACHE, or ~/.cache/sed-edge
    └── 3f
        ├── 3f0c….f16     mono at the model's rate: float16 samples and nothing else
        └── 3f0c….json    where something sounds in it, by `sed.data.borders`, and whether the file is damaged

The name is a hash of the file's path, size, time of change and the sample rate: a file that changes is decoded again.
The cache may be deleted while nothing is being trained: the files are decoded again.
"""

import hashlib
import json
import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.errors import SourceError
from edge.sources import AudioFile, mono_blocks
from sed.data.borders import active_spans

_log = logging.getLogger(__name__)

_VERSION = 3  # of the cache's format; files of another version are decoded again
# float16: its error is relative, -66 dB at every level, and it takes half of float32's space.
_STORED = np.dtype("<f2")
_WORTH_PROCESSES = 100  # new files; starting processes takes about as long as decoding so many


class StoredAudio:
    """Samples of a decoded file, read from disk only when they are needed.

    The file is not kept open: a corpus may have more files than a process may have open.

    Args:
        path: of the samples.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._samples = path.stat().st_size // _STORED.itemsize

    def __len__(self) -> int:
        return self._samples

    def __getitem__(self, part: slice) -> NDArray[np.float32]:
        begin, end, step = part.indices(self._samples)
        assert step == 1, part
        with _explain_missing(self._path):
            stored = np.fromfile(self._path, dtype=_STORED, count=max(0, end - begin), offset=begin * _STORED.itemsize)
        return stored.astype(np.float32)

    @property
    def active_spans(self) -> tuple[tuple[int, int], ...]:
        """What `sed.data.borders.active_spans` found in it."""
        return tuple((onset, offset) for onset, offset in self._facts["sounding"])

    @property
    def damaged(self) -> bool:
        """Whether a part of the file is damaged or missing."""
        return bool(self._facts["damaged"])

    @property
    def _facts(self) -> dict[str, Any]:
        facts = _facts_of(self._path)
        with _explain_missing(facts):
            return json.loads(facts.read_text())


def stored_audio(path: Path, sample_rate: int) -> StoredAudio:
    """The samples of a file as mono at `sample_rate`, decoded only if they are not in the cache.

    A damaged file causes a warning every time.

    Raises:
        SourceError: if it cannot be opened or read, or holds no sample.
    """
    cached = _cache_path(path, sample_rate)
    if not _is_complete(cached):
        cached.parent.mkdir(parents=True, exist_ok=True)
        # A folder with a unique name: other processes, also on other machines, may decode the same file.
        with _explain_full_cache(), TemporaryDirectory(prefix="part-", dir=cached.parent) as part:
            samples = Path(part) / cached.name
            damaged = _decode(path, sample_rate, samples)
            facts = {"sounding": active_spans(StoredAudio(samples), sample_rate), "damaged": damaged}
            _facts_of(samples).write_text(json.dumps(facts))
            for made in (_facts_of(samples), samples):
                made.replace(cached.parent / made.name)
        return StoredAudio(cached)
    stored = StoredAudio(cached)
    if stored.damaged:  # the first time, the decoder warned
        _log.warning("%s: is damaged or cut short; %.3f s are left", path, len(stored) / sample_rate)
    return stored


def store_all(paths: Sequence[Path], sample_rate: int) -> list[StoredAudio | SourceError]:
    """The samples of many files, decoded by a process per core if there is much to decode.

    Returns:
        For each file its samples, or the error.
    """
    store = partial(_stored_or_error, sample_rate=sample_rate)
    progress = partial(tqdm, total=len(paths), desc="reading", unit="file", disable=None)
    if sum(not _is_stored(path, sample_rate) for path in paths) < _WORTH_PROCESSES:
        return list(progress(map(store, paths)))
    # Not forked: torch has started threads by now.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=context, initializer=_leave_interrupts_to_parent) as pool:
        return list(progress(pool.map(store, paths, chunksize=8)))


def _stored_or_error(path: Path, sample_rate: int) -> StoredAudio | SourceError:
    try:
        return stored_audio(path, sample_rate)
    except SourceError as exc:
        return exc


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _is_stored(path: Path, sample_rate: int) -> bool:
    return path.exists() and _is_complete(_cache_path(path, sample_rate))


def _is_complete(cached: Path) -> bool:
    return cached.exists() and _facts_of(cached).exists()


def _facts_of(cached: Path) -> Path:
    return cached.with_suffix(".json")


@contextmanager
def _explain_full_cache() -> Iterator[None]:
    try:
        yield
    except OSError as exc:  # an error of a write does not name the file
        text = f"{exc.strerror}; decoded audio is kept there: make room, or set SED_EDGE_CACHE to another folder"
        raise OSError(exc.errno, text, str(_folder())) from exc


@contextmanager
def _explain_missing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise SourceError(
            f"{path}: {exc.strerror}; it is gone from the cache: start again, and it is decoded again"
        ) from exc


def _cache_path(path: Path, sample_rate: int) -> Path:
    try:
        status = path.stat()
    except (OSError, ValueError) as exc:  # ValueError: a file cannot have such a name
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise SourceError(f"{path}: {reason}; a table of its folder names it: add the file or remove the row") from exc
    key = f"{_VERSION} {path.resolve()} {status.st_size} {status.st_mtime_ns} {sample_rate}"
    name = hashlib.sha256(key.encode()).hexdigest()
    return _folder() / name[:2] / f"{name}.f16"


def _folder() -> Path:
    chosen = os.environ.get("SED_EDGE_CACHE")
    return Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sed-edge"


def _decode(path: Path, sample_rate: int, target: Path) -> bool:
    """Write the samples of a file, and return whether it is damaged."""
    with AudioFile(path) as file, target.open("wb") as out:
        for block in mono_blocks(file, sample_rate):
            out.write(block.astype(_STORED).tobytes())
        if out.tell() == 0:
            raise SourceError(f"{path}: contains no samples; record it again, or remove it")
        return file.damaged
