"""The demo recording in the wrappings that recorders, converters and cameras write: its events, or a clear line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.cli.stream import stream
from tests.conftest import DEMO, invoke
from tests.edge.cli import running
from tests.edge.live.servers import needs
from tests.edge.sources.audio.field import RATE, chunk, ffmpeg, fmt, joined, pcm16, riff

Audio = NDArray[np.float32]
_EARLY, _LATE = ("-t", 28, "-i", DEMO), ("-ss", 28, "-i", DEMO)  # halves of the recording
_MP3 = ("-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", 0, "-id3v2_version", 0)
_AAC = ("-c:a", "aac", "-b:a", "96k")


class Heard(NamedTuple):
    """What came of a call: events as label, onset and offset, and what was said."""

    exit_code: int
    events: list[tuple[str, float, float]]
    said: str


def hear(path: Path, *options: object) -> Heard:
    """What a user gets of a file."""
    done = invoke(stream, path, *options)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    records = [json.loads(line) for line in done.stdout.splitlines()]
    events = [(each["label"], each["onset"], each["offset"]) for each in records if each["type"] == "event"]
    return Heard(done.exit_code, events, done.stderr)


@pytest.fixture(scope="module")
def expected() -> list[tuple[str, float, float]]:
    """The events of the recording as it is."""
    return hear(DEMO).events


def mono(path: Path, audio: Audio) -> Path:
    """A WAVE as everybody writes it."""
    return riff(path, fmt(), chunk(b"data", pcm16(audio)))


def two(path: Path, *channels: Audio) -> Path:
    """A WAVE of two channels."""
    return riff(path, fmt(channels=2), chunk(b"data", pcm16(np.stack(channels, axis=1))))


def with_one_nan(path: Path, audio: Audio) -> Path:
    """Floats, of which one is none."""
    broken = audio.astype("<f4")
    broken[RATE] = np.nan
    return riff(path, fmt(32, tag=3), chunk(b"data", broken.tobytes()))


def in_wide_words(path: Path, audio: Audio) -> Path:
    """24 valid bits in words of 32."""
    body = (np.round(audio * 8_388_607).astype("<i4") << 8).tobytes()
    return riff(path, fmt(24, 32), chunk(b"data", body))


def halves(*options: object, second: tuple[object, ...]) -> Callable[[Path, Audio], Path]:
    """Two halves of the recording as one file; the second in another form."""

    def make(path: Path, _: Audio) -> Path:
        parts = [path.with_name(f"{name}{path.suffix}") for name in ("early", "late")]
        ffmpeg(*_EARLY, "-ac", 1, "-ar", 32_000 if path.suffix != ".opus" else 48_000, *options, parts[0])
        ffmpeg(*_LATE, *options, *second, parts[1])
        return joined(path, *parts)

    return make


def two_tracks(path: Path, _: Audio) -> Path:
    """A picture, a silent track, and the recording as the track that is marked as default."""
    inputs = ("-f", "lavfi", "-i", "testsrc=s=64x64:r=5:d=56", "-f", "lavfi", "-i", "anullsrc=r=32000:cl=mono:d=56")
    marks = ("-disposition:a:0", 0, "-disposition:a:1", "default")
    ffmpeg(*inputs, "-i", DEMO, "-map", 0, "-map", 1, "-map", 2, "-c:v", "mpeg4", "-c:a", "aac", *marks, path)
    return path


def late(path: Path, _: Audio) -> Path:
    """Sound that begins 3 s after the picture."""
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x64:r=5:d=60", "-itsoffset", 3)
    ffmpeg(*picture, "-i", DEMO, "-map", 0, "-map", 1, "-c:v", "mpeg4", "-c:a", "aac", path)
    return path


def bare_aac(path: Path, _: Audio) -> Path:
    """AAC without a container, which says no length."""
    ffmpeg("-i", DEMO, "-ar", 16_000, "-c:a", "aac", "-b:a", "64k", "-f", "adts", path)
    return path


MADE: dict[str, Callable[[Path, Audio], Path]] = {
    "s24in32.wav": in_wide_words,
    "one_nan.wav": with_one_nan,
    "mono_stereo.mp3": halves(*_MP3, second=("-ac", 2, "-ar", 32_000)),
    "two_rates.mp3": halves(*_MP3, second=("-ac", 1, "-ar", 44_100)),
    "two_rates.aac": halves(*_AAC, second=("-ac", 1, "-ar", 44_100)),
    "two_rates.ts": halves(*_AAC, second=("-ac", 2, "-ar", 48_000)),
    "chain_stereo.opus": halves("-c:a", "libopus", second=("-ac", 2, "-ar", 48_000)),
    "whole.aac": bare_aac,
    "two_tracks.mkv": two_tracks,
    "late_audio.mp4": late,
}


@pytest.mark.parametrize("name", MADE)
def test_the_events_are_those_of_the_recording(
    tmp_path: Path, demo_audio: Audio, expected: list[tuple[str, float, float]], name: str
) -> None:
    """On the file's own clock, and nothing is called damaged."""
    needs("ffmpeg")
    shift = 3.0 if name == "late_audio.mp4" else 0.0
    code, events, said = hear(MADE[name](tmp_path / name, demo_audio))
    assert (0, False) == (code, "damaged" in said)
    assert [label for label, _, _ in expected] == [label for label, _, _ in events]
    assert [onset + shift for _, onset, _ in expected] == pytest.approx([onset for _, onset, _ in events], abs=0.3)
    # Waves and fire fade away around their thresholds: a codec moves their ends by up to 1 s, as FFmpeg decodes it too.
    ends = [
        (offset + shift, own)
        for (label, _, offset), (_, _, own) in zip(expected, events, strict=True)
        if label not in ("sea_waves", "crackling_fire")
    ]
    assert [end for end, _ in ends] == pytest.approx([own for _, own in ends], abs=0.3)


def test_a_header_that_hides_most_of_it_is_told(
    tmp_path: Path, demo_audio: Audio, expected: list[tuple[str, float, float]]
) -> None:
    """All of it is heard."""
    path = riff(tmp_path / "a.wav", fmt(), chunk(b"data", pcm16(demo_audio), 2 * RATE))
    code, events, said = hear(path)
    assert (0, expected) == (code, events)
    assert f"{path}: its header says 1.0 s, but it holds 56.0 s; all of it is heard" in said


def test_what_costs_events_is_told(tmp_path: Path, demo_audio: Audio) -> None:
    """In one line each, with what to do where something can be done."""
    hiss = 0.1 * np.random.default_rng(1).standard_normal(len(demo_audio)).astype(np.float32)
    empty = riff(tmp_path / "empty.wav", fmt(), chunk(b"data", b""))
    for path, line in (
        (two(tmp_path / "a.wav", demo_audio, -demo_audio), "mixed, its channels cancel each other out; --channel 1"),
        (two(tmp_path / "b.wav", demo_audio, hiss), "channel 2 holds nothing but a steady noise; --channel 1 leaves"),
        (empty, "has a header, but no sound behind it"),
    ):
        code, events, said = hear(path)
        assert (0, 1) == (code, said.count(f"{path}: {line}"))
        assert len(events) < 12


@pytest.mark.parametrize("name", ["20230501_043000.WAV", "20230501_044000.WAV", "SMM00001_20230501_043000.wav"])
def test_the_time_in_a_name_is_that_of_the_events(tmp_path: Path, demo_audio: Audio, name: str) -> None:
    """Where somebody says so; else a line tells that it is there."""
    path = mono(tmp_path / name, demo_audio[: 4 * RATE])
    hour = name.rpartition(".")[0][-6:-2]
    done = invoke(stream, path, "--started-at", "name", "--timezone", "Europe/Berlin")
    start, event = (json.loads(line) for line in done.stdout.splitlines()[:2])
    assert f"2023-05-01T02:{hour[2:]}:00.000Z" == start["started_at"]
    assert f"2023-05-01T02:{hour[2:]}:02.000Z" == event["onset_utc"]
    assert "its name says that it began at 2023-05-01 04:" in hear(path).said


@pytest.mark.realtime
def test_a_folder_is_heard_file_by_file_in_order_of_time(tmp_path: Path) -> None:
    """One log, no file before the last one has ended, with the times of their names; one that fails ends no other."""
    audio, rate = soundfile.read(DEMO, dtype="float32", frames=8 * 44_100)
    for name in ("z/A_20230501_040000.wav", "B_20230501_043000.wav", "a/20230501_050000.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, audio, rate)
    (tmp_path / "20230501_041500.wav").write_text("no sound\n" * 100)
    done = running.stream(tmp_path, "--started-at", "name", "--timezone", "Europe/Berlin")
    log = running.records(done.stdout)
    names = [
        f"{tmp_path}/{name}" for name in ("z/A_20230501_040000.wav", "B_20230501_043000.wav", "a/20230501_050000.wav")
    ]
    assert [name for name in names for _ in range(2)] == [r["source"] for r in log if r["type"] in ("start", "stop")]
    assert sorted(log, key=lambda record: names.index(str(record["source"]))) == log
    onsets = [str(record["onset_utc"]) for record in log if record["type"] == "event" and record["onset"] == 2.0]
    assert [f"2023-05-01T{time}:02.000Z" for time in ("02:00", "02:30", "03:00")] == onsets
    assert 1 == done.returncode
    assert "1 of 4 sources failed" in done.stderr
