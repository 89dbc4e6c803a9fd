"""A model file with another card: the same graph and weights, byte for byte. Needs no package for ONNX.

An ONNX file is one protobuf message of numbered fields; its metadata are those numbered 14, each a key (1) and a value
(2), both as UTF-8.
"""

from collections.abc import Iterator

from edge.errors import ModelError
from edge.model.card import METADATA_KEY, Card

_METADATA, _KEY, _VALUE = 14, 1, 2
_VARINT, _EIGHT_BYTES, _WITH_LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # wire types


def with_card(content: bytes, card: Card, where: str) -> bytes:
    """An ONNX file with this card instead of its own.

    Args:
        content: of the file.
        card: the new one.
        where: the file, as errors name it.

    Raises:
        ModelError: if the file is damaged.
    """
    try:
        kept = [
            content[begin:end]
            for number, begin, value, end in _fields(content)
            if number != _METADATA or _key_of(content[value:end]) != METADATA_KEY
        ]
    except (IndexError, ValueError) as exc:
        raise ModelError(f"{where}: is no ONNX file, or damaged; give the .onnx that sed-export wrote") from exc
    entry = _with_length(_KEY, METADATA_KEY.encode()) + _with_length(_VALUE, card.to_json().encode())
    return b"".join([*kept, _with_length(_METADATA, entry)])


def _key_of(entry: bytes) -> str:
    keys = [entry[value:end] for number, _, value, end in _fields(entry) if number == _KEY]
    return keys[0].decode() if keys else ""


def _fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Number of each field, and where it, its value and what follows it begin."""
    at = 0
    while at < len(message):
        begin = at
        tag, at = _varint(message, at)
        value = at
        if tag & 7 == _VARINT:
            _, at = _varint(message, at)
        elif tag & 7 == _WITH_LENGTH:
            length, value = _varint(message, at)
            at = value + length
        elif tag & 7 in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if tag & 7 == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {tag & 7}")
        if at > len(message):
            raise ValueError("a field is longer than its message")
        yield tag >> 3, begin, value, at


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and where it ends."""
    number = shift = 0
    while True:
        number |= (message[at] & 127) << shift
        shift += 7
        at += 1
        if message[at - 1] < 128:
            return number, at


def _as_varint(number: int) -> bytes:
    groups = []
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])


def _with_length(number: int, value: bytes) -> bytes:
    return _as_varint(number << 3 | _WITH_LENGTH) + _as_varint(len(value)) + value
