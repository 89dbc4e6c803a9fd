import errno
import io
import json
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import edge.outputs.clips.files
import edge.outputs.clips.saving
from edge.cli.stream import stream
from edge.errors import SettingError
from edge.log.records import Record
from edge.model.inference import Model
from edge.outputs.clips.files import encode
from edge.outputs.clips.saving import ClipsOutput
from edge.outputs.clips.settings import ClipSettings
from edge.outputs.output import OutputContext, Sound
from edge.sources.source import Block, Gap
from tests.conftest import DEMO, invoke

RATE = 8000


@pytest.fixture(scope="module")
def noise() -> NDArray[np.float32]:
    """A minute of two channels, of 16 bits."""
    samples = np.random.default_rng(2).integers(-(2**15), 2**15, (60 * RATE, 2))
    return (samples / 2**15).astype(np.float32)


@pytest.fixture
def context(model: Model) -> OutputContext:
    """Of the shipped model."""
    card = model.card
    return OutputContext(card=card, decoding=card.decoding, labels=card.labels, sources=["porch"])


def event(onset: float, offset: float, number: int = 1, confidence: float = 0.9) -> Record:
    """A record of a dog, in a run that began at half past four."""
    begin = f"2026-05-01T04:30:{onset:06.3f}Z" if onset < 60 else "2026-05-01T04:31:00.000Z"
    return {
        **{"type": "event", "source": "porch", "id": number, "label": "dog", "onset": onset, "offset": offset},
        **{"confidence": confidence, "closed_by": "silence", "onset_utc": begin},
    }


def play(output: ClipsOutput, items: Iterable[Block | Gap | Record]) -> None:
    """Hand these to an output, one after another, and end."""
    output.start()
    begin = Fraction(0)
    for item in items:
        if isinstance(item, dict):
            output.write(item)
            continue
        output.hear(Sound("porch", item, begin, 0.0))
        begin += Fraction(len(item.samples), RATE) if isinstance(item, Block) else Fraction(item.seconds)
    output.write({"type": "stop", "source": "porch", "reason": "end"})
    output.close()


def blocks(noise: NDArray[np.float32], begin: float, end: float) -> Iterator[Block]:
    """The sound between two seconds, in blocks of a tenth."""
    for first in range(round(begin * RATE), round(end * RATE), RATE // 10):
        yield Block(noise[first : min(first + RATE // 10, round(end * RATE))], RATE)


def saved(folder: Path) -> list[tuple[dict[str, Any], NDArray[np.float32]]]:
    """The clips of a folder, by name, with their samples."""
    described = [(path, json.loads(path.read_text())) for path in sorted(folder.rglob("*.json"))]
    return [(one, soundfile.read(path.with_name(one["file"]), dtype="float32")[0]) for path, one in described]


@pytest.mark.parametrize("form", ["flac", "wav"])
def test_a_clip_holds_the_samples_of_the_source(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext, form: str
) -> None:
    """With what is before and after the event, whose place in it the JSON file says; and its time of day."""
    output = ClipsOutput(tmp_path, ClipSettings(pre=1.5, post=0.5, format=form), context)
    play(output, [*blocks(noise, 0, 12), event(10.05, 11.25), *blocks(noise, 12, 20)])
    ((described, samples),) = saved(tmp_path)
    np.testing.assert_array_equal(noise[round(8.55 * RATE) : round(11.75 * RATE)], samples)
    expected = {"onset": 1.5, "offset": 2.7, "whole": True, "gaps": [], "begin_utc": "2026-05-01T04:30:08.550Z"}
    assert expected == {name: described[name] for name in expected}
    path = tmp_path / "porch" / "2026" / "05" / "01" / f"20260501T043010.050Z_dog_90.{form}"
    assert path.exists()
    assert {".json", f".{form}"} == {file.suffix for file in tmp_path.rglob("*") if file.is_file()}


def test_a_gap_within_an_event_is_silence_and_marked(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext
) -> None:
    """What comes after the gap keeps its place."""
    output = ClipsOutput(tmp_path, ClipSettings(pre=1.0, post=1.0), context)
    play(output, [*blocks(noise, 0, 5), Gap(0.5, "device"), *blocks(noise, 5.5, 9), event(4.0, 6.5)])
    ((described, samples),) = saved(tmp_path)
    assert [{"onset": 2.0, "offset": 2.5, "reason": "device"}] == described["gaps"]
    expected = noise[3 * RATE : round(7.5 * RATE)].copy()
    expected[2 * RATE : round(2.5 * RATE)] = 0.0
    np.testing.assert_array_equal(expected, samples)


@pytest.mark.parametrize("how", ["end", "lost"])
def test_where_the_source_ends_so_does_the_clip(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext, how: str
) -> None:
    """An event that is waited for is saved with the sound that there is."""
    lost = [] if how == "end" else [{"type": "source", "source": "porch", "state": "lost", "detail": "unplugged"}]
    output = ClipsOutput(tmp_path, ClipSettings(pre=0.0, post=5.0), context)
    play(output, [*blocks(noise, 0, 8), event(6.0, 7.5), *lost])
    ((described, samples),) = saved(tmp_path)
    np.testing.assert_array_equal(noise[6 * RATE : 8 * RATE], samples)
    assert (True, 1.5, 2.0) == (described["whole"], described["offset"], described["seconds"])


def test_of_a_long_event_the_last_seconds_are_saved(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext
) -> None:
    """And it says that it is not whole."""
    output = ClipsOutput(tmp_path, ClipSettings(pre=0.0, post=0.0, longest=5.0), context)
    play(output, [*blocks(noise, 0, 31), event(2.0, 30.0)])
    ((described, samples),) = saved(tmp_path)
    np.testing.assert_array_equal(noise[25 * RATE : 30 * RATE], samples)
    assert (False, 0.0, 5.0) == (described["whole"], described["onset"], described["offset"])


def test_a_hundred_events_at_once_are_a_hundred_clips(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext
) -> None:
    """Even of the same label, onset and confidence; each under a name of its own."""
    output = ClipsOutput(tmp_path, ClipSettings(pre=0.0, post=1.0), context)
    events = [event(2.0, 3.0 + number / 100, number) for number in range(100)]
    play(output, [*blocks(noise, 0, 4), *events, *blocks(noise, 4, 10)])
    assert {round((2.0 + number / 100) * RATE) for number in range(100)} == {
        len(samples) for _, samples in saved(tmp_path)
    }
    assert (100, {}) == (output.saved, output.lost)


def test_a_full_disk_costs_clips_which_are_counted_and_no_more(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half-written is left; once there is room, clips are saved again."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(edge.outputs.clips.saving, "_PROBE_SECONDS", 0.0)
    output = ClipsOutput(tmp_path, ClipSettings(), context)
    with monkeypatch.context() as patch:
        patch.setattr(edge.outputs.clips.files.os, "fsync", full)
        play(output, [*blocks(noise, 0, 5), event(2.0, 3.0)])
    assert f"{tmp_path}: No space left on device" == output.failure
    assert {("porch", "clips"): 1} == output.lost
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]
    output.tick()
    assert output.failure is None
    play(output, [*blocks(noise, 0, 5), event(2.0, 3.0)])
    assert 1 == len(saved(tmp_path))


def test_only_the_labels_that_are_asked_for_are_saved(
    tmp_path: Path, noise: NDArray[np.float32], context: OutputContext
) -> None:
    """What is skipped is no loss."""
    output = ClipsOutput(tmp_path, ClipSettings(skip=frozenset({"dog"})), context)
    play(output, [*blocks(noise, 0, 5), event(2.0, 3.0)])
    assert ([], {}) == (saved(tmp_path), output.lost)


def test_what_a_run_left_unfinished_is_removed_at_the_next(tmp_path: Path, context: OutputContext) -> None:
    """A file of anybody else is not, whatever its name."""
    unfinished, other = tmp_path / ".20260501T043010.050Z_dog_90.flac.part", tmp_path / ".film.part"
    unfinished.touch()
    other.touch()
    ClipsOutput(tmp_path, ClipSettings(), context).start()
    assert [other] == list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_opus_keeps_length_and_level(rate: int) -> None:
    """At a rate that it knows, or resampled to one."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)[:, None].astype(np.float32)
    samples, decoded_rate = soundfile.read(io.BytesIO(encode(tone, rate, "opus")), dtype="float32")
    assert 2.0 == pytest.approx(len(samples) / decoded_rate, abs=0.05)
    assert 0.5 / np.sqrt(2) == pytest.approx(np.sqrt(np.mean(samples[decoded_rate // 2 : decoded_rate] ** 2)), rel=0.05)


def test_24_bits_are_kept(noise: NDArray[np.float32]) -> None:
    """FLAC holds them where 16 do not suffice."""
    samples = np.rint(noise[:1000] * 0.7 * 2**23).astype(np.float32) / np.float32(2**23)
    decoded, _ = soundfile.read(io.BytesIO(encode(samples, RATE, "flac")), dtype="float32")
    np.testing.assert_array_equal(samples, decoded)


def test_events_of_a_file_and_what_almost_were_some_are_saved(tmp_path: Path) -> None:
    """A file is processed much faster than real time, its log is rotated, and no clip of it is lost."""
    rotated = ("--out", tmp_path / "log.jsonl", "--rotate", "1kB")
    done = invoke(
        stream, DEMO, "--clips", tmp_path, "--clip-option", "near=0.2", "--clip-option", "format=wav", *rotated
    )
    assert 0 == done.exit_code, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    events = [record for record in records if record["type"] == "event"]
    clips = [described for described, _ in saved(tmp_path) if described["kind"] == "event"]
    assert sorted(record["id"] for record in events) == sorted(described["id"] for described in clips)
    near = [described for described, _ in saved(tmp_path / "near-misses")]
    assert near
    assert all(0.2 <= one["confidence"] < one["settings"]["on"] for one in near)
    audio, rate = soundfile.read(DEMO, dtype="float32")
    for described, samples in saved(tmp_path):
        first = round(described["begin_in_source"] * rate)
        np.testing.assert_allclose(audio[first : first + len(samples)], samples, atol=2e-4)  # another Vorbis decoder


def test_a_picture_is_drawn_beside_a_clip(tmp_path: Path, noise: NDArray[np.float32], context: OutputContext) -> None:
    """As a PNG."""
    pytest.importorskip("matplotlib")
    output = ClipsOutput(tmp_path, ClipSettings(pictures=True), context)
    play(output, [*blocks(noise, 0, 5), event(2.0, 3.0)])
    (picture,) = tmp_path.rglob("*.png")
    assert b"\x89PNG" == picture.read_bytes()[:4]


@pytest.mark.parametrize("said", [{"pre": "-1"}, {"quota": "5"}, {"format": "mp3"}, {"save": "dgo"}, {"prr": "1"}])
def test_settings_that_mean_nothing_are_refused(said: dict[str, str]) -> None:
    """With what was expected, before anything is heard."""
    with pytest.raises(SettingError, match=r"^--clip-option.*(expected|did you mean)"):
        ClipSettings.parse(said, frozenset({"dog"}))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, context: OutputContext) -> None:
    """Before anything is heard."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match=r"give a folder that can be written"):
        ClipsOutput(tmp_path / "file", ClipSettings(), context)
