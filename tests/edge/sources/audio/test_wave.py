import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.sources.audio import AudioFile, read_audio
from tests.edge.sources.audio.field import RATE, chunk, click_seconds, clicks, fmt, pcm16, riff


@pytest.mark.parametrize("declared", [2 * RATE, 2, 0, 0xFFFFFFFF])
def test_sound_behind_the_declared_length_is_heard(
    tmp_path: Path, declared: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a recorder that lost power: all of it, and where the header says too little, that is told."""
    audio = clicks()
    path = riff(tmp_path / "a.wav", fmt(), chunk(b"data", pcm16(audio), declared))
    assert len(audio) == len(read_audio(path, RATE))
    told = f"its header says {declared / 2 / RATE:.1f} s, but it holds 4.0 s; all of it is heard"
    assert (declared in (2 * RATE, 2)) == (told in caplog.text)
    assert "damaged" not in caplog.text


@pytest.mark.parametrize("kind", [b"RIFF", b"RF64", b"BW64"])
def test_gigabytes_behind_the_declared_length_are_opened_at_once(tmp_path: Path, kind: bytes) -> None:
    """FFmpeg alone would look for chunks in all of the silence, eight bytes at a time."""
    path, second = tmp_path / "a.wav", 2 * RATE
    lengths = b"" if kind == b"RIFF" else chunk(b"ds64", struct.pack("<QQQI", 0, second, 0, 0))
    form = lengths + fmt() + chunk(b"data", pcm16(clicks()), 0xFFFFFFFF if lengths else second)
    path.write_bytes(kind + bytes(4) + b"WAVE" + form)
    os.truncate(path, 5 << 30)
    heard = np.zeros(0, dtype=np.float32)
    with AudioFile(path) as file:
        for piece in file.pieces():
            heard = np.concatenate([heard, piece.samples[:, 0]])
            if len(heard) >= 8 * RATE:
                break
        assert (5 << 30) / second == pytest.approx(file.declared_seconds, abs=0.1)
    assert [0.25 + 0.5 * number for number in range(8)] == pytest.approx(click_seconds(heard), abs=0.01)


@pytest.mark.parametrize("size", [0, 3, 2000, RATE])
def test_chunks_behind_the_samples_are_no_sound(tmp_path: Path, size: int, caplog: pytest.LogCaptureFixture) -> None:
    """Notes and pictures of any size."""
    audio, notes = clicks(), chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"x" * size))
    path = riff(tmp_path / "a.wav", fmt(), chunk(b"data", pcm16(audio)), notes, chunk(b"id3 ", bytes(size)))
    assert (len(audio), "") == (len(read_audio(path, RATE)), caplog.text)


@pytest.mark.parametrize(
    ("bits", "word"), [(24, 32), (20, 32), (16, 32), (12, 32), (16, 24), (20, 24), (12, 16), (8, 16)]
)
def test_valid_bits_may_be_fewer_than_a_word_has(tmp_path: Path, bits: int, word: int) -> None:
    """As the reference reader reads whole words."""
    values = np.round(clicks() * (1 << (bits - 1))).astype(np.int64) << (word - bits)
    body = b"".join(int(value).to_bytes(word // 8, "little", signed=True) for value in values)
    path = riff(tmp_path / "a.wav", fmt(bits, word), chunk(b"data", body))
    reference, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(read_audio(path, RATE), np.clip(reference, -1.0, 1.0), atol=1e-6)


def test_words_wider_than_their_bits_need_no_extension(tmp_path: Path) -> None:
    """The old header, too, may say 24 bits in blocks of four bytes."""
    audio = clicks()
    form = struct.pack("<HHIIHH", 1, 1, RATE, 4 * RATE, 4, 24)
    body = (np.round(audio * 8_388_607).astype("<i4") << 8).tobytes()
    path = riff(tmp_path / "a.wav", chunk(b"fmt ", form), chunk(b"data", body))
    np.testing.assert_allclose(read_audio(path, RATE), audio, atol=1e-6)


def test_a_header_without_sound_gets_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A recorder's empty file, with a comment before or behind the samples that it has not."""
    note = chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"Recorded at 04:30:00 01/05/2023 (UTC+2)"))
    for name, chunks in (("a", (note, chunk(b"data", b""))), ("b", (chunk(b"data", b""), note))):
        path = riff(tmp_path / f"{name}.wav", fmt(), *chunks)
        assert 0 == len(read_audio(path, RATE))
        assert f"{path}: has a header, but no sound behind it" in caplog.text
