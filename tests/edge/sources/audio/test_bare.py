import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.sources.audio import AudioFile, read_audio
from tests.edge.sources.audio.field import RATE, click_seconds, clicks, ffmpeg, joined

FORMS = {
    "cbr.mp3": ("-b:a", "64k"),
    "bare.mp3": ("-b:a", "32k", "-write_xing", 0, "-id3v2_version", 0),
    "vbr.mp3": ("-q:a", 5),
    "a.aac": ("-c:a", "aac", "-b:a", "64k"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of clicks in each of `FORMS`."""
    folder = tmp_path_factory.mktemp("bare")
    soundfile.write(folder / "a.wav", clicks(20.0), RATE)
    for name, options in FORMS.items():
        ffmpeg("-i", folder / "a.wav", *options, folder / name)
    return folder


def overwritten(path: Path, target: Path, pieces: int, size: int) -> Path:
    """A file with random bytes in some places of its first half."""
    chance, data = random.Random(1), bytearray(path.read_bytes())
    for piece in range(pieces):
        begin = len(data) // 8 + piece * len(data) // (3 * pieces)
        data[begin : begin + size] = chance.randbytes(size)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize(("pieces", "size"), [(1, 8000), (4, 1500), (10, 60)])
@pytest.mark.parametrize("name", FORMS)
def test_sounds_after_damage_keep_their_time(
    whole: Path, tmp_path: Path, name: str, pieces: int, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    """As many frames are missing as the overwritten bytes were, nearly so where the bit rate varies."""
    with AudioFile(overwritten(whole / name, tmp_path / name, pieces, size)) as file:
        blocks = list(file.pieces())
    heard = click_seconds(np.concatenate([block.samples[:, 0] for block in blocks]))
    within = 0.3 if name == "vbr.mp3" else 0.1
    assert click_seconds(read_audio(whole / name, RATE))[-14:] == pytest.approx(heard[-14:], abs=within)
    assert any(block.lost for block in blocks)
    assert "is damaged or cut short" in caplog.text


@pytest.mark.parametrize("name", ["bare.mp3", "a.aac"])
def test_a_tag_between_joined_files_takes_no_time(whole: Path, tmp_path: Path, name: str) -> None:
    """A picture of 50 kB in it would be ten seconds of sound."""
    tag = tmp_path / "tag"
    tag.write_bytes(b"ID3\x04\0\0" + bytes([0, 3, 6, 80]) + random.Random(1).randbytes(50_000))
    once = read_audio(whole / name, RATE)
    twice = read_audio(joined(tmp_path / name, whole / name, tag, whole / name), RATE)
    assert 2 * len(once) / RATE == pytest.approx(len(twice) / RATE, abs=0.2)
