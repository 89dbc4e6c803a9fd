"""Chained Ogg: recordings written one after another, each with headers of its own.

    BOS headers pages… EOS | BOS headers pages… EOS
    └──── one link ──────┘   └──── the next ──────┘

FFmpeg gives up where the next one has other channels, so each is given to it as a file of its own.
"""

import re
from collections.abc import Callable
from pathlib import Path

_HEADER_BYTES = 27
_BEGINS = 0x02
_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ", b"fishead", b"\x80theora", b"\x80kate", b"BBCD")
_BLOCK_BYTES = 1 << 20


class OggLinks:
    """Splits a chained Ogg as it comes: `read` ends where a link ends, `next_link` goes on to the next.

    Args:
        read: of the whole, as a file's.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read, self._ahead, self._ended = read, b"", False
        self._headers_passed = self._at_next = False
        self._left = 0  # bytes of the page that is being given out
        self.given_bytes = 0  # of this link

    def read(self, size: int) -> bytes:
        """Some bytes of this link, at most `size`; none at its end."""
        if self._left == 0:
            self._begin_page()
        if self._at_next:
            return b""
        if not self._ahead:
            self._fill(1)
        out, self._ahead = self._ahead[: min(size, self._left)], self._ahead[min(size, self._left) :]
        self._left -= len(out)
        self.given_bytes += len(out)
        return out

    def next_link(self) -> bool:
        """Go on to the next link; False if there is none."""
        while self.read(_BLOCK_BYTES):
            pass
        found, self._at_next, self._headers_passed, self.given_bytes = self._at_next, False, False, 0
        return found

    def _begin_page(self) -> None:
        self._fill(_HEADER_BYTES)
        begin = self._ahead.find(b"OggS")
        if begin:  # damage: as it is, up to the next page
            self._left = begin if begin > 0 else max(1, len(self._ahead) - 3)
            return
        if len(self._ahead) < _HEADER_BYTES:
            self._left = max(1, len(self._ahead))
            return
        count = self._ahead[26]
        self._fill(_HEADER_BYTES + count + 8)
        sizes = self._ahead[_HEADER_BYTES : _HEADER_BYTES + count]
        begins = bool(self._ahead[5] & _BEGINS) and self._ahead[_HEADER_BYTES + count :].startswith(_CODECS)
        self._at_next = begins and self._headers_passed
        self._headers_passed = self._headers_passed or not begins
        self._left = _HEADER_BYTES + count + sum(sizes)

    def _fill(self, size: int) -> None:
        while len(self._ahead) < size and not self._ended:
            came = self._read(1 << 15)
            self._ahead += came
            self._ended = not came


def is_chained(path: Path) -> bool:
    """Whether an Ogg file holds more than one link."""
    with path.open("rb") as file:
        if file.read(4) != b"OggS":
            return False
        file.seek(0)
        before = b""
        passed = False  # whether a page that does not begin a track came before
        while block := file.read(_BLOCK_BYTES):
            area = before + block
            for page in re.finditer(rb"OggS\x00", area):
                head = area[page.start() : page.start() + _HEADER_BYTES + 255 + 8]
                if len(head) < _HEADER_BYTES + 255 + 8 and len(block) == _BLOCK_BYTES:
                    break  # again with the next block
                begins = _begins(head)
                if begins and passed:
                    return True
                passed = passed or not begins
            before = area[-(_HEADER_BYTES + 263) :]
    return False


def _begins(head: bytes) -> bool:
    return (
        len(head) > _HEADER_BYTES and bool(head[5] & _BEGINS) and head[_HEADER_BYTES + head[26] :].startswith(_CODECS)
    )
