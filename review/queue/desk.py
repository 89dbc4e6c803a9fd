"""Clips and reviews of some folders: hands clips out, takes verdicts.

Several people may sit at one desk: a clip that was handed to one of them is not handed to another for some minutes.
What other processes append to the reviews is read before each answer.
"""

import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from review.errors import ReviewError
from review.queue.order import in_order, reviews_by_label
from review.queue.progress import LabelProgress, progress_of
from review.store import WITHDRAWN, Clip, Review, ReviewFile, newest_reviews, read_clips

_LEASE_SECONDS = 300.0


class Asked(NamedTuple):
    """A clip that is handed out: its key, the clip, and why it has its place."""

    key: str
    clip: Clip
    picked: str


class Desk:
    """Hands clips out and takes verdicts; every method may be called from several threads.

    Args:
        folders: of clips; each has its own `reviews.jsonl`.
        reviewer: name that reviews are signed with.
        labels: that may be given besides those that clips and reviews have.

    Raises:
        OSError: if reviews cannot be read.
        ReviewError: if a folder cannot be read or written, or none holds a clip.
    """

    def __init__(self, folders: Sequence[Path], reviewer: str = "", labels: Sequence[str] = ()) -> None:
        self._folders = list(dict.fromkeys(folder.resolve() for folder in folders))
        self._reviewer, self._labels = reviewer, set(labels)
        self._lock = threading.RLock()
        self._files = [ReviewFile(folder) for folder in self._folders]
        self._clips: dict[str, Clip] = {}
        self._handed: dict[str, tuple[str, float]] = {}  # key -> to whom, and when
        self.find_clips()
        if not self._clips:
            raise ReviewError(
                f"{', '.join(map(str, folders))}: holds no clips; give the folder of sed-stream --clips, with near=0.3 "
                "among its --clip-option for near misses"
            )
        for folder, file in zip(self._folders, self._files, strict=True):
            if not os.access(file.path if file.path.exists() else folder, os.W_OK):
                raise ReviewError(f"{file.path}: may not be written; get the right to, or review a copy of the folder")

    def find_clips(self) -> None:
        """Look for clips that have been added, and forget those that are gone.

        Raises:
            ReviewError: if a folder cannot be read.
        """
        known = list(self._clips.values())
        found = {
            f"{number}/{clip.name}": clip
            for number, folder in enumerate(self._folders)
            for clip in read_clips(folder, known)
        }
        with self._lock:
            self._clips = found

    def clip(self, key: str) -> Clip | None:
        """The clip of a key, if there is one and it is still on the disk."""
        clip = self._clips.get(key)
        return clip if clip is not None and clip.path.is_file() else None

    def next_clips(self, client: str, count: int) -> list[Asked]:
        """The clips to ask about next, at most so many; they are kept for this client."""
        with self._lock:
            newest, now = self._newest(), time.monotonic()
            left = {key: clip for key, clip in self._clips.items() if key not in newest}
            asked: list[Asked] = []
            for key, picked in in_order(left, reviews_by_label(newest.values())):
                holder, since = self._handed.get(key, (client, now))
                if (holder == client or now - since > _LEASE_SECONDS) and left[key].path.is_file():
                    self._handed[key] = (client, now)
                    asked.append(Asked(key, left[key], picked))
                    if len(asked) == count:
                        break
            return asked

    def answer(self, key: str, verdict: str, **given: Any) -> None:
        """Append a verdict; `given` is as for `Clip.review`.

        Raises:
            OSError: if it cannot be written.
            ReviewError: if the clip is gone, or the file of reviews holds something else now.
            ValueError: if a value is wrong.
        """
        clip = self.clip(key)
        if clip is None:
            raise ReviewError(f"{key}: is not there any more; the next clip is shown")
        review = clip.review(verdict, reviewer=self._reviewer, **given)
        with self._lock:
            self._file(key).append(review)
            self._handed.pop(key, None)

    def withdraw(self, client: str, key: str) -> Asked | None:
        """Undo the verdict on a clip, and hand it out again; None if there is none or the clip is gone.

        Raises:
            OSError, ReviewError: as `answer`.
        """
        with self._lock:
            before, clip = self._newest().get(key), self.clip(key)
            if before is None or clip is None:
                return None
            self.answer(key, WITHDRAWN)
            self._handed[key] = (client, time.monotonic())
            return Asked(key, clip, before.picked or "random")

    def progress(self) -> list[LabelProgress]:
        """By label."""
        with self._lock:
            newest = self._newest()
            return progress_of(self._clips.values(), newest.values())

    def labels(self) -> list[str]:
        """Those that may be given, by name."""
        with self._lock:
            given = {review.true_label for review in self._newest().values() if review.true_label is not None}
            return sorted(self._labels | {clip.label for clip in self._clips.values()} | given)

    def _newest(self) -> dict[str, Review]:
        """The reviews that count, by key."""
        return {
            f"{number}/{name}": review
            for number, file in enumerate(self._files)
            for name, review in newest_reviews(file.read()).items()
        }

    def _file(self, key: str) -> ReviewFile:
        return self._files[int(key.partition("/")[0])]
