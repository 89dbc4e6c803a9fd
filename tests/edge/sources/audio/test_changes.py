from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.sources.audio import AudioFile, read_audio
from tests.edge.sources.audio.field import RATE, click_seconds, clicks, ffmpeg, joined

FORMS = {"mono": (RATE, 1), "stereo": (RATE, 2), "slow": (22_050, 1), "fast": (48_000, 2)}


def write_half(path: Path, form: str, *options: object) -> Path:
    """Two seconds of clicks in a form."""
    rate, channels = FORMS[form]
    soundfile.write(path.with_suffix(".wav"), clicks(2.0), RATE)
    ffmpeg("-i", path.with_suffix(".wav"), "-ar", rate, "-ac", channels, *options, path)
    return path


@pytest.mark.parametrize("second", ["stereo", "slow", "fast"])
@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("mp3", ("-b:a", "64k", "-write_xing", 0, "-id3v2_version", 0)),
        ("aac", ("-c:a", "aac", "-b:a", "96k")),
        ("ts", ("-c:a", "aac", "-b:a", "96k")),
        ("ogg", ("-c:a", "libvorbis", "-q:a", 6)),
        ("oga", ("-c:a", "flac")),
    ],
)
def test_joined_files_are_heard_to_their_end(
    tmp_path: Path, suffix: str, options: tuple[object, ...], second: str
) -> None:
    """Whatever channels and rate change to, all clicks are heard, on either side of the seam."""
    parts = [write_half(tmp_path / f"{form}.{suffix}", form, *options) for form in ("mono", second)]
    audio = read_audio(joined(tmp_path / f"joined.{suffix}", *parts), RATE)
    places = click_seconds(audio)
    assert [0.25 + 0.5 * number for number in range(8)] == pytest.approx(places, abs=0.2)


def test_a_chain_of_opus_changes_its_channels(tmp_path: Path) -> None:
    """The second link is in stereo, and comes as that."""
    parts = [write_half(tmp_path / f"{form}.opus", form, "-c:a", "libopus") for form in ("mono", "fast")]
    with AudioFile(joined(tmp_path / "ab.opus", *parts)) as file:
        channels = [piece.samples.shape[1] for piece in file.pieces()]
        assert ({1, 2}, sorted(channels)) == (set(channels), channels)
        assert not file.damaged


def test_a_chain_is_the_sum_of_its_links(tmp_path: Path) -> None:
    """To the sample, as each link is a file of its own."""
    parts = [write_half(tmp_path / f"{form}.ogg", form) for form in ("mono", "fast", "mono")]
    expected = np.concatenate([read_audio(part, RATE) for part in parts])
    np.testing.assert_array_equal(expected, read_audio(joined(tmp_path / "abc.ogg", *parts), RATE))


@pytest.mark.parametrize("suffix", ["aac", "mp3"])
def test_no_length_is_estimated(tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture) -> None:
    """Files whose frames alone tell anything are not damaged because their bit rate misled somebody."""
    path = tmp_path / f"a.{suffix}"
    soundfile.write(tmp_path / "a.wav", np.concatenate([clicks(), np.zeros(20 * RATE), clicks()]), RATE)
    ffmpeg("-i", tmp_path / "a.wav", *(("-q:a", 5, "-write_xing", 0) if suffix == "mp3" else ("-b:a", "64k")), path)
    assert 28.0 == pytest.approx(len(read_audio(path, RATE)) / RATE, abs=0.2)
    assert "" == caplog.text
