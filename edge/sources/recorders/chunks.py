"""What stands in a WAVE file beside its sound: chunks, each with a name and a length.

    RIFF size WAVE | fmt  size ... | bext size ... | LIST size INFO ICMT size ... | data size ... | guan size ...

RF64 and BW64 are the same for files of more than 4 GiB: the true length of `data` stands in a chunk of its own, `ds64`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MOST_CHUNKS, _LONGEST_CHUNK = 1000, 1 << 20  # more than recorders write; the file may be damaged, or none of theirs
_UNKNOWN_LENGTH = 0xFFFFFFFF


def wave_chunks(path: Path, wanted: frozenset[bytes]) -> dict[bytes, bytes]:
    """The chunks of these names that a WAVE file has, the first of each name; none if it is another kind of file.

    Args:
        path: of a file that can be sought in.
        wanted: names, such as `bext`; those within `LIST INFO`, such as `ICMT`, too.

    Raises:
        OSError: if it cannot be read.
    """
    found: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
            return found
        for name, body in _chunks(file, wanted | {b"LIST"}):
            inner = _list_info(body) if name == b"LIST" else [(name, body)]
            for key, value in inner:
                if key in wanted:
                    found.setdefault(key, value)
    return found


def _chunks(file: BinaryIO, wanted: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Those of these names from where the file stands, until it ends or makes no sense."""
    end = os.fstat(file.fileno()).st_size
    data_length = None
    for _ in range(_MOST_CHUNKS):
        name, length = file.read(4), int.from_bytes(file.read(4), "little")
        begin = file.tell()
        if len(name) < 4 or begin > end:
            return
        if name == b"ds64":
            data_length = int.from_bytes(file.read(16)[8:], "little")
        elif name == b"data" and length == _UNKNOWN_LENGTH and data_length is not None:
            length = data_length
        elif name in wanted:
            yield name, file.read(min(length, _LONGEST_CHUNK))
        if begin + length >= end:
            return
        file.seek(begin + length + length % 2)


def _list_info(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The tags of a LIST chunk, if those are what it holds."""
    place = 4 if body[:4] == b"INFO" else len(body)
    while place + 8 <= len(body):
        length = int.from_bytes(body[place + 4 : place + 8], "little")
        yield body[place : place + 4], body[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
