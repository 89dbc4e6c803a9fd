"""Layouts of samples, with the reference reader, or the values that were written, beside each."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.sources.audio import AudioFile
from tests.edge.sources.audio.field import PCM_GUID_END, RATE, clicks

_INTEGERS = ("PCM_16", "PCM_24", "PCM_32")
_W64_LIST = bytes.fromhex("6c6973742f91cf11a5d628db04c10000")
_W64_END = bytes.fromhex("f3acd3118cd100c04f8edb8a")


def heard(path: Path) -> np.ndarray:
    """All samples as `[samples, channels]`, and nothing is told of them."""
    with AudioFile(path) as file:
        samples = np.concatenate([piece.samples for piece in file.pieces()])
    assert [] == file.warnings
    return samples


def words(audio: np.ndarray, valid_bits: int, word_bits: int, order: str) -> bytes:
    """Integers whose valid bits are the upper ones of each word."""
    values = np.round(audio * (1 << (valid_bits - 1))).astype(np.int64) << (word_bits - valid_bits)
    whole = values.astype("<i8" if order == "little" else ">i8").view(np.uint8).reshape(-1, 8)
    size = word_bits // 8
    return (whole[:, :size] if order == "little" else whole[:, -size:]).tobytes()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
@pytest.mark.parametrize(
    ("form", "subtypes"),
    [
        ("WAV", (*_INTEGERS, "PCM_U8", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
        ("RF64", (*_INTEGERS, "PCM_U8", "FLOAT", "DOUBLE")),
        ("W64", (*_INTEGERS, "PCM_U8", "FLOAT", "DOUBLE", "ULAW")),
        ("AIFF", (*_INTEGERS, "PCM_S8", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
        ("CAF", (*_INTEGERS, "PCM_S8", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
    ],
)
def test_samples_are_those_of_the_reference(
    tmp_path: Path, form: str, subtypes: tuple[str, ...], endian: str, channels: int
) -> None:
    """Whatever order their bytes have."""
    audio = np.stack([clicks(0.5), -0.5 * clicks(0.5)], axis=1)[:, :channels]
    path = tmp_path / f"a.{form.lower()}"
    for subtype in subtypes:
        if soundfile.check_format(form, subtype, endian):
            soundfile.write(path, audio, RATE, format=form, subtype=subtype, endian=endian)
            reference, _ = soundfile.read(path, dtype="float32", always_2d=True)
            np.testing.assert_allclose(heard(path), reference, atol=1e-6, err_msg=subtype)


@pytest.mark.parametrize(("valid", "word"), [(24, 32), (20, 32), (16, 32), (20, 24), (12, 16), (32, 32)])
def test_valid_bits_of_a_w64_may_be_fewer_than_a_word_has(tmp_path: Path, valid: int, word: int) -> None:
    """As the reference reads whole words."""
    samples = words(clicks(0.5), valid, word, "little")
    base = struct.pack("<HHIIHHHHI", 0xFFFE, 1, RATE, RATE * word // 8, word // 8, word, 22, valid, 4)
    body = b"wave" + _W64_END
    for name, data in ((b"fmt ", base + struct.pack("<H", 1) + PCM_GUID_END), (b"data", samples)):
        body += name + _W64_END + struct.pack("<Q", 24 + len(data)) + data
    path = tmp_path / "a.w64"
    path.write_bytes(b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + struct.pack("<Q", 24 + len(body)) + body)
    reference, _ = soundfile.read(path, dtype="float32", always_2d=True)
    np.testing.assert_allclose(heard(path), reference, atol=1e-6)


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize(("valid", "word"), [(24, 32), (20, 32), (16, 32), (20, 24), (12, 16), (32, 32)])
def test_valid_bits_of_a_caf_may_be_fewer_than_a_word_has(tmp_path: Path, valid: int, word: int, order: str) -> None:
    """The reference reads none of these."""
    audio = clicks(0.5)
    samples = words(audio, valid, word, order)
    form = struct.pack(">d4s5I", RATE, b"lpcm", 2 if order == "little" else 0, word // 8, 1, 1, valid)
    path = tmp_path / "a.caf"
    chunks = b"desc" + struct.pack(">q", len(form)) + form + b"data" + struct.pack(">qI", len(samples) + 4, 0) + samples
    path.write_bytes(b"caff" + struct.pack(">HH", 1, 0) + chunks)
    np.testing.assert_allclose(heard(path)[:, 0], audio, atol=2.0 ** (1 - valid))


_LENGTHS = {  # where the length of the sound stands behind the name of its chunk, and how
    "WAV": (b"data", 4, ">I", 0),
    "AIFF": (b"SSND", 4, ">I", 8),
    "W64": (b"data", 16, "<Q", 24),
}


@pytest.mark.parametrize("seconds", [0.0, 0.5])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize(("form", "endian"), [("WAV", "BIG"), ("AIFF", "FILE"), ("AIFF", "LITTLE"), ("W64", "FILE")])
def test_sound_behind_the_declared_length_is_heard(
    tmp_path: Path, form: str, endian: str, subtype: str, seconds: float
) -> None:
    """Of a recorder that lost power, or never wrote the length."""
    path = tmp_path / f"a.{form.lower()}"
    soundfile.write(path, clicks(2.0), RATE, format=form, subtype=subtype, endian=endian)
    data, (name, place, how, more) = bytearray(path.read_bytes()), _LENGTHS[form]
    place += data.index(name)
    length = round(seconds * RATE) * int(subtype[-2:]) // 8 + more
    data[place : place + struct.calcsize(how)] = struct.pack(how, length)
    path.write_bytes(data)
    with AudioFile(path) as file:
        assert 2 * RATE == sum(len(piece.samples) for piece in file.pieces())
        told = f"its header says {seconds:.1f} s, but it holds 2.0 s; all of it is heard, but other programs may not"
        assert ([told], False) == (file.warnings, file.damaged)


def test_a_w64_that_was_written_to_a_pipe_has_no_length(tmp_path: Path) -> None:
    """It claims the greatest one, which nobody believes."""
    path = tmp_path / "a.w64"
    soundfile.write(path, clicks(2.0), RATE)
    data = path.read_bytes()
    place = data.index(b"data") + 16
    path.write_bytes(data[:place] + struct.pack("<Q", (1 << 63) - 1) + data[place + 8 :])
    assert 2 * RATE == len(heard(path))


@pytest.mark.parametrize("size", [1, 20_000])
@pytest.mark.parametrize("form", ["AIFF", "W64"])
def test_chunks_behind_the_samples_are_no_sound(tmp_path: Path, form: str, size: int) -> None:
    """Notes and pictures."""
    path = tmp_path / f"a.{form.lower()}"
    soundfile.write(path, clicks(2.0), RATE, format=form)
    note = b"ID3 " + struct.pack(">I", size) if form == "AIFF" else _W64_LIST + struct.pack("<Q", 24 + size)
    path.write_bytes(path.read_bytes() + note + bytes(size + 7))
    assert 2 * RATE == len(heard(path))


def test_big_endian_samples_that_end_early_are_damaged(tmp_path: Path) -> None:
    """Their header says how many there should be; what stands behind them is no sound."""
    path = tmp_path / "a.wav"
    soundfile.write(path, clicks(2.0), RATE, subtype="PCM_24", endian="BIG")
    whole = path.read_bytes()
    path.write_bytes(whole + b"LIST" + struct.pack(">I", 5000) + bytes(5000))
    assert 2 * RATE == len(heard(path))
    path.write_bytes(whole[: len(whole) // 2])
    with AudioFile(path) as file:
        assert sum(len(piece.samples) for piece in file.pieces()) == pytest.approx(RATE, abs=100)
        assert file.damaged
