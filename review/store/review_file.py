"""`reviews.jsonl`: appended to by several at once, mended after a crash, read.

Each review is one write and one sync under a lock of the file, so that a person's work survives a kill and a loss of
power, and two reviewers may work in one folder. A last line that a crash cut off is mended by the next writer as the
log's files are (`edge.log.line_file`), and left out with a warning by a reader. The file is only ever appended to: what
is undone is a `withdrawn` line.
"""

import contextlib
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge.log import JsonLines, LineFile
from edge.outputs.clips import REVIEWS
from review.errors import ReviewError
from review.store.record import SCHEMA, WITHDRAWN, Review

_log = logging.getLogger(__name__)

_BEGIN = f'{{"schema": "{SCHEMA}"'.encode()  # of each line


class ReviewFile:
    """The reviews of one folder of clips; several processes may have it open.

    Args:
        folder: of the clips.

    Attributes:
        path: of the file; it is there from the first review on.

    Raises:
        OSError: if the file cannot be read.
        ReviewError: if it holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / REVIEWS
        self._reviews: list[Review] = []
        self._read_bytes = 0
        self.read()

    def read(self) -> list[Review]:
        """All reviews that are in the file now, in order; only what is new is read.

        Raises:
            OSError: if it cannot be read.
            ReviewError: if it holds something else.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._read_bytes:  # it was replaced or deleted
            self._reviews, self._read_bytes = [], 0
        if size > self._read_bytes:
            with self.path.open("rb") as file:
                file.seek(self._read_bytes)
                new = file.read(size - self._read_bytes)
            if self._read_bytes == 0:
                _require_reviews(self.path, new)
            whole = new[: new.rfind(b"\n") + 1]  # another process may be at work on the rest
            self._reviews += _reviews(self.path, whole)
            self._read_bytes += len(whole)
        return self._reviews

    def append(self, review: Review) -> None:
        """Append a review; it is on the disk when this returns.

        Raises:
            OSError: if it cannot be written; nothing is written then.
            ReviewError: if the file holds something else.
        """
        self.read()
        with _locked(self.path):
            file = LineFile(self.path, JsonLines(), durable=True)
            try:
                file.append(review.to_json().encode() + b"\n")
                file.sync()
            finally:
                file.close()
        self.read()


def read_reviews(path: Path) -> list[Review]:
    """All reviews of a file, in order; lines that are none are left out with a warning.

    Args:
        path: of the file, or of its folder.

    Raises:
        OSError: if it cannot be read, or is missing.
        ReviewError: if it holds something else.
    """
    path = path / REVIEWS if path.is_dir() else path
    data = path.read_bytes()
    _require_reviews(path, data)
    return _reviews(path, data)


def newest_reviews(reviews: Iterable[Review]) -> dict[str, Review]:
    """The review of each clip that counts, by clip: the newest one, unless it was withdrawn."""
    newest = {review.clip: review for review in reviews}
    return {clip: review for clip, review in newest.items() if review.verdict != WITHDRAWN}


def _require_reviews(path: Path, data: bytes) -> None:
    """Check the first line of a file; it may have been cut off."""
    first, end, _ = data.partition(b"\n")
    if not end and _BEGIN.startswith(first[: len(_BEGIN)]):
        return
    try:
        Review.from_json(first)
    except ValueError as exc:
        raise ReviewError(
            f"{path}: holds no reviews of sed-review ({str(exc)[:200]}); move it away, or give another folder"
        ) from exc


def _reviews(path: Path, data: bytes) -> list[Review]:
    reviews, unreadable = [], 0
    for line in data.split(b"\n"):
        if line.strip(b"\0\r "):
            try:
                reviews.append(Review.from_json(line))
            except ValueError:
                unreadable += 1
    if unreadable:
        _log.warning("%s: %d lines are no reviews and are left out", path, unreadable)
    return reviews


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other writers out meanwhile, where the system can."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: its writers are kept apart by the append alone
        yield
        return
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
