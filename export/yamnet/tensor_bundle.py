"""TensorFlow's checkpoint format, "tensor bundle", read without TensorFlow.

    variables.index                   a LevelDB table: name -> entry (type, shape, offset, size)
    variables.data-00000-of-00001     the tensors, one after another

The table is a chain of blocks. A footer of 48 bytes says where the index block is, whose values say where the data
blocks are. In a block each name is stored as what it shares with the name before it, and the rest. Entries are protocol
buffers.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.model import Floats
from export.errors import SourceModelError

_MAGIC = 0xDB4775248B80FB57
_FOOTER_BYTES = 48
_FLOAT = 1  # TensorFlow's number for float32
_TYPE, _SHAPE, _SHARD, _OFFSET, _SIZE = 1, 2, 3, 4, 5  # fields of an entry


def read_tensors(prefix: Path) -> dict[str, Floats]:
    """All float32 tensors of a checkpoint of one data file.

    Args:
        prefix: path of the two files up to the dot, such as `variables/variables`.

    Raises:
        SourceModelError: if a file is missing, or is not what it should be.
    """
    index, data = prefix.with_name(prefix.name + ".index"), prefix.with_name(prefix.name + ".data-00000-of-00001")
    try:
        table, tensors = index.read_bytes(), data.read_bytes()
    except OSError as exc:
        raise SourceModelError(
            f"{exc.filename}: cannot be read ({exc.strerror}); expected TensorFlow's variables.index and its data file"
        ) from exc
    try:
        return dict(_floats(table, tensors))
    except (IndexError, struct.error, ValueError, UnicodeDecodeError) as exc:
        raise SourceModelError(f"{index}: is not a tensor bundle that can be read ({exc}); download it again") from exc


def _floats(table: bytes, tensors: bytes) -> Iterator[tuple[str, Floats]]:
    for name, value in _entries(table):
        entry = _message(value)
        if name == "" or entry.get(_TYPE) != _FLOAT:  # the header, and what is no tensor of weights
            continue
        if entry.get(_SHARD, 0) != 0:
            raise ValueError("it has several data files")
        shape = [_message(size).get(1, 0) for size in _repeated(entry.get(_SHAPE, b""), 2)]
        offset = entry.get(_OFFSET, 0)
        values = np.frombuffer(tensors[offset : offset + entry[_SIZE]], dtype="<f4")
        yield name, values.reshape(shape).astype(np.float32)


def _entries(table: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and values of all data blocks, in order."""
    footer = table[-_FOOTER_BYTES:]
    if len(footer) < _FOOTER_BYTES or struct.unpack("<Q", footer[-8:])[0] != _MAGIC:
        raise ValueError("its last bytes are not those of a table")
    _, _, position = _handle(footer, 0)  # of the metaindex, which is empty
    start, size, _ = _handle(footer, position)
    for _, handle in _block(table, start, size):
        start, size, _ = _handle(handle, 0)
        for name, value in _block(table, start, size):
            yield name.decode(), value


def _block(table: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    if table[start + size] != 0:
        raise ValueError("its blocks are compressed, which TensorFlow does not do")
    block = table[start : start + size]
    (restarts,) = struct.unpack("<I", block[-4:])
    end, position, name = size - 4 - 4 * restarts, 0, b""
    while position < end:
        shared, position = _varint(block, position)
        own, position = _varint(block, position)
        length, position = _varint(block, position)
        name = name[:shared] + block[position : position + own]
        position += own
        yield name, block[position : position + length]
        position += length


def _handle(data: bytes, position: int) -> tuple[int, int, int]:
    """Start and size of a block, and the position behind them."""
    start, position = _varint(data, position)
    size, position = _varint(data, position)
    return start, size, position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first; and the position behind it.

    >>> _varint(bytes([0xAC, 0x02]), 0)
    (300, 2)
    """
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers and values of a protocol buffer's fields."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        wire = tag & 7
        value: int | bytes
        if wire == 0:
            value, position = _varint(message, position)
        else:
            length = {1: 8, 5: 4}.get(wire)
            if length is None:
                length, position = _varint(message, position)
            value, position = message[position : position + length], position + length
        yield tag >> 3, value


def _message(message: bytes) -> dict[int, Any]:
    return dict(_fields(message))


def _repeated(message: bytes, number: int) -> list[bytes]:
    return [value for field, value in _fields(message) if field == number and isinstance(value, bytes)]
