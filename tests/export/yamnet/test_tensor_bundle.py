import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export.errors import SourceModelError
from export.yamnet.tensor_bundle import read_tensors


def varint(value: int) -> bytes:
    """As protocol buffers and LevelDB write a number."""
    return bytes([value]) if value < 0x80 else bytes([0x80 | (value & 0x7F)]) + varint(value >> 7)


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protocol buffer."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A table's block, each name without what it shares with the one before."""
    content, before = b"", b""
    for name, value in entries:
        shared = next(
            (k for k, (a, b) in enumerate(zip(name, before, strict=False)) if a != b), min(len(name), len(before))
        )
        content += varint(shared) + varint(len(name) - shared) + varint(len(value)) + name[shared:] + value
        before = name
    return content + struct.pack("<II", 0, 1)


def write_bundle(folder: Path, tensors: dict[str, NDArray[np.float32]]) -> Path:
    """A bundle as TensorFlow writes it, with a header, of one data block."""
    entries, data = [(b"", field(1, 1))], b""
    for name, values in sorted(tensors.items()):
        shape = b"".join(field(2, field(1, size)) for size in values.shape)
        entry = field(1, 1) + field(2, shape) + field(4, len(data)) + field(5, values.nbytes) + b"\x35" + bytes(4)
        entries.append((name.encode(), entry))
        data += values.tobytes()
    first = block(entries)
    index = block([(b"~", varint(0) + varint(len(first)))])
    handles = varint(0) + varint(0) + varint(len(first) + 5) + varint(len(index))
    footer = handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    (folder / "variables.index").write_bytes(first + bytes(5) + index + bytes(5) + footer)
    (folder / "variables.data-00000-of-00001").write_bytes(data)
    return folder / "variables"


def test_tensors_come_back_with_their_names_and_shapes(tmp_path: Path) -> None:
    """Names that share their beginnings, and a tensor longer than a byte can count."""
    rng = np.random.default_rng(1)
    tensors = {f"layer-{k}/kernel": rng.standard_normal((k, 3, 50)).astype(np.float32) for k in (1, 2, 12)}
    found = read_tensors(write_bundle(tmp_path, tensors))
    assert sorted(tensors) == sorted(found)
    for name, values in tensors.items():
        np.testing.assert_array_equal(values, found[name])


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:20] + b"\xff" * 60 + data[80:]])
def test_a_damaged_table_is_an_error_that_names_it(tmp_path: Path, damage: object) -> None:
    """Cut short, and overwritten."""
    path = write_bundle(
        tmp_path, {"kernel": np.ones((64, 64), dtype=np.float32), "other": np.ones(9, dtype=np.float32)}
    )
    index = path.with_name("variables.index")
    index.write_bytes(damage(index.read_bytes()))  # type: ignore[operator]  # one of the two above
    with pytest.raises(SourceModelError, match=r"variables\.index: is not a tensor bundle"):
        read_tensors(path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    """With what was expected."""
    with pytest.raises(SourceModelError, match=r"variables\.index: cannot be read .* expected TensorFlow's"):
        read_tensors(tmp_path / "variables")
