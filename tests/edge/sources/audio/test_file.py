from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from edge.errors import SourceError
from edge.sources.audio import AudioFile, Resampler, read_audio


def tone(hz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    """A sine at half of full scale."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_samples_of_a_wav_come_back(tmp_path: Path, subtype: str) -> None:
    """Every sample format is read as the reference reader reads it."""
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone(440, 16000), tone(50, 16000)], axis=1), 16000, subtype=subtype)
    with AudioFile(path) as file:
        samples = np.concatenate([piece.samples for piece in file.pieces()])
    np.testing.assert_allclose(samples, soundfile.read(path, dtype="float32")[0], atol=1e-7)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_compressed_files_have_their_length(tmp_path: Path, suffix: str) -> None:
    """The tone is there, as long as it was; of a Vorbis file FFmpeg may leave out the last 128 samples."""
    path = tmp_path / f"a.{suffix}"
    soundfile.write(path, tone(440, 44100), 44100)
    audio = read_audio(path, 16000)
    assert abs(len(audio) - 16000) <= (128 * 16000 / 44100 if suffix == "ogg" else 1)
    assert np.sqrt(np.mean(audio**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_resampling_does_not_depend_on_the_pieces(rate: int) -> None:
    """Any pieces give what soxr gives for the whole, to the bit."""
    audio = 0.1 * np.random.default_rng(0).standard_normal(rate).astype(np.float32)
    resampler = Resampler(rate, 16000)
    cuts = np.sort(np.random.default_rng(1).integers(0, rate, 25))
    pieces = [resampler.push(piece[:, None]) for piece in np.split(audio, cuts)] + [resampler.flush()]
    np.testing.assert_array_equal(np.concatenate(pieces), soxr.resample(audio, rate, 16000))


def test_resampling_keeps_what_is_below_the_cutoff_and_only_that() -> None:
    """7 kHz survives on the way from 48 to 16 kHz, 9 kHz does not."""
    for hz, level in ((7000, 0.5 / np.sqrt(2)), (9000, 0.0)):
        resampler = Resampler(48000, 16000)
        out = np.concatenate([resampler.push(tone(hz, 48000)[:, None]), resampler.flush()])
        assert np.sqrt(np.mean(out[2000:-2000] ** 2)) == pytest.approx(level, abs=0.002)


def test_channels_are_averaged() -> None:
    """Opposite channels cancel."""
    left = tone(440, 16000)
    assert 0.0 == np.abs(Resampler(16000, 16000).push(np.stack([left, -left], axis=1))).max()


def test_a_resampler_can_be_used_again() -> None:
    """A flush leaves it as new."""
    resampler = Resampler(48000, 16000)
    block = tone(440, 48000)[:, None]
    first = np.concatenate([resampler.push(block), resampler.flush()])
    np.testing.assert_array_equal(first, np.concatenate([resampler.push(block), resampler.flush()]))


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3"])
def test_a_cut_file_is_read_as_far_as_it_goes(tmp_path: Path, suffix: str, caplog: pytest.LogCaptureFixture) -> None:
    """And a warning says that it was cut."""
    path = tmp_path / f"a.{suffix}"
    noise = 0.1 * np.random.default_rng(0).standard_normal((48000, 2))
    soundfile.write(path, noise, 16000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 1])
    audio = read_audio(path, 16000)
    assert 0.3 * 48000 < len(audio) < 0.7 * 48000
    assert f"{path}: is damaged or cut short" in caplog.text


def test_a_whole_file_is_read_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No false alarm."""
    for suffix in ("wav", "flac", "ogg", "mp3"):
        soundfile.write(tmp_path / f"a.{suffix}", tone(440, 44100, 2.5), 44100)
        read_audio(tmp_path / f"a.{suffix}", 16000)
    assert "" == caplog.text


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    """Each with a message that names the file and what is wrong with it."""
    (tmp_path / "text.wav").write_text("no sound\n" * 100)
    (tmp_path / "empty.wav").touch()
    for name, message in (
        ("text.wav", "holds no audio that can be decoded"),
        ("empty.wav", "is empty"),
        ("missing.wav", "no such file"),
        (".", "is a folder"),
        ("a" * 300, "File name too long; give the path of an audio file"),
    ):
        with pytest.raises(SourceError, match=message):
            AudioFile(tmp_path / name)


def test_what_is_damaged_becomes_silence_of_its_length(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A click after the damage keeps its time."""
    audio = 0.01 * np.random.default_rng(0).standard_normal(160_000)
    audio[120_000] = 0.9
    soundfile.write(tmp_path / "a.flac", audio, 16_000)
    data = bytearray((tmp_path / "a.flac").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    (tmp_path / "a.flac").write_bytes(data)
    with AudioFile(tmp_path / "a.flac") as file:
        pieces = list(file.pieces())
    heard = np.concatenate([piece.samples[:, 0] for piece in pieces])
    lost = sum(len(piece.samples) for piece in pieces if piece.lost)
    assert (160_000, 20_000) == (len(heard), int(np.abs(heard[100_000:]).argmax()))
    assert 0 < lost < 40_000
    assert "is damaged or cut short" in caplog.text


def wav_chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a RIFF file."""
    return name + len(body).to_bytes(4, "little") + body + bytes(len(body) % 2)


def test_tags_in_another_encoding_do_no_harm(tmp_path: Path) -> None:
    """Recorders write Latin-1 where UTF-8 is expected."""
    soundfile.write(tmp_path / "a.wav", tone(440, 16_000), 16_000)
    data = (tmp_path / "a.wav").read_bytes()
    tags = wav_chunk(b"LIST", b"INFO" + wav_chunk(b"IART", "Käuzchen".encode("latin-1")))
    (tmp_path / "a.wav").write_bytes(data[:36] + tags + data[36:])
    assert 16_000 == len(read_audio(tmp_path / "a.wav", 16_000))


def test_a_name_may_hold_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As recorders name their files after the time."""
    monkeypatch.chdir(tmp_path)
    soundfile.write("2026-05-01T04:30:00.wav", tone(440, 16_000), 16_000)
    assert 16_000 == len(read_audio(Path("2026-05-01T04:30:00.wav"), 16_000))


def test_resampling_stays_within_full_scale() -> None:
    """What is beyond it, and what the filter adds to a square wave, is cut off."""
    square = np.sign(tone(440, 48_000))[:, None]
    resampler = Resampler(48_000, 16_000)
    assert 1.0 == np.abs(np.concatenate([resampler.push(1.5 * square), resampler.flush()])).max()


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_no_sample_is_silence(damage: float) -> None:
    """It spoils nothing around it, whether the rate is changed or not."""
    block = np.stack([tone(440, 48_000), tone(660, 48_000)], axis=1)
    broken, silent = block.copy(), block.copy()
    broken[1000:1010], silent[1000:1010] = damage, 0.0
    for rate in (16_000, 48_000):
        resampler = Resampler(48_000, rate)
        expected, heard = (np.concatenate([resampler.push(b), resampler.flush()]) for b in (silent, broken))
        np.testing.assert_array_equal(expected, heard)


def test_sound_of_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    """A WAV whose format has a number that nobody uses."""
    soundfile.write(tmp_path / "a.wav", tone(440, 16_000), 16_000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[20:22] = b"\x77\x77"
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(SourceError, match="holds no audio that can be decoded"):
        AudioFile(tmp_path / "a.wav")
