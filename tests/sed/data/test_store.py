import os
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

import sed.data.store
from edge.errors import SourceError
from edge.sources.audio import read_audio
from sed.data.borders import active_spans
from sed.data.store import StoredAudio, store_all, stored_audio
from tests.sed.cuts import write_cut


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SED_EDGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kept(cache: Path) -> dict[str, int]:
    """The samples that a cache holds, with the time at which they were written."""
    return {path.name: path.stat().st_mtime_ns for path in cache.glob("*/*.f16")}


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "m4a"])
@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1)])
def test_stored_audio_is_what_the_decoder_gives(tmp_path: Path, suffix: str, rate: int, channels: int) -> None:
    """Of any format, rate and channel count; the error is relative, so that quiet sounds keep their shape."""
    path = write_cut(tmp_path / f"a.{suffix}", rate=rate, channels=channels)
    expected, actual = read_audio(path, 16_000), stored_audio(path, 16_000)
    assert len(expected) == len(actual)
    assert 16_000 == pytest.approx(len(actual), abs=2500)  # AAC rounds up to its frames, and more at low rates
    np.testing.assert_allclose(actual[:], expected, rtol=2**-11, atol=2**-25)
    assert active_spans(actual, 16_000) == actual.active_spans


def test_a_part_is_the_part_of_the_whole(tmp_path: Path) -> None:
    """As with an array, but a copy: writing into it does not change the stored samples."""
    stored = stored_audio(write_cut(tmp_path / "a.wav"), 16_000)
    whole = stored[:]
    for part in (slice(0, 0), slice(100, 2100), slice(-300, None), slice(15_900, 99_999), slice(500, 200)):
        np.testing.assert_array_equal(whole[part], stored[part])
    stored[0:50][:] = 1.0
    np.testing.assert_array_equal(whole[:50], stored[0:50])


def test_a_file_is_decoded_once(tmp_path: Path, cache: Path) -> None:
    """Once more only if it has changed, or for another rate."""
    path = write_cut(tmp_path / "a.wav")
    first = stored_audio(path, 16_000)[:]
    before = kept(cache)
    np.testing.assert_array_equal(first, stored_audio(path, 16_000)[:])
    assert before == kept(cache)
    write_cut(path, begin=2.0)
    os.utime(path, ns=(0, 0))
    assert not np.array_equal(first, stored_audio(path, 16_000)[:])
    assert 8_000 == len(stored_audio(path, 8_000))
    assert 3 == len(kept(cache))


def test_damage_is_warned_of_every_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """For a file that is cut short and for one with a hole, not only when it is decoded; never for an intact one."""
    names = ("cut.mp3", "odd.wav", "torn.flac", "whole.mp3")
    cut, odd, torn, whole = (write_cut(tmp_path / name, seconds=10.0) for name in names)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 5])
    odd.write_bytes(odd.read_bytes()[:-30_001])  # in the middle of a sample
    data = bytearray(torn.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    torn.write_bytes(data)
    for _ in range(3):
        caplog.clear()
        assert [True, True, True, False] == [stored_audio(path, 8_000).damaged for path in (cut, odd, torn, whole)]
        assert [f"{path}: is damaged or cut short" for path in (cut, odd, torn)] == [
            record.getMessage().split(";")[0] for record in caplog.records
        ]


@pytest.mark.parametrize("gone", ["*/*.f16", "*/*.json"])
def test_what_was_deleted_is_decoded_again(tmp_path: Path, cache: Path, gone: str) -> None:
    """Even if one of its two files is left; a reader gets an error that names the deleted file."""
    path = write_cut(tmp_path / "a.wav")
    stored = stored_audio(path, 16_000)
    expected = stored[:], stored.active_spans
    (deleted,) = cache.glob(gone)
    deleted.unlink()
    with pytest.raises(SourceError, match=rf"{deleted.name}: No such file or directory; it is gone from the cache"):
        _ = stored[:], stored.active_spans
    again = stored_audio(path, 16_000)
    np.testing.assert_array_equal(expected[0], again[:])
    assert expected[1] == again.active_spans


def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path: Path, cache: Path) -> None:
    """Not a fault of the recording, which would be skipped."""
    path = write_cut(tmp_path / "a.wav")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="decoded audio is kept there: make room, or set SED_EDGE_CACHE") as caught:
            store_all([path], 16_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert str(cache) == caught.value.filename
    assert {} == kept(cache)


def test_what_is_being_decoded_has_a_unique_name(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on two machines with one cache, where processes may have the same number."""
    path, decode, targets = write_cut(tmp_path / "a.wav"), sed.data.store._decode, []

    def twice(source: Path, sample_rate: int, target: Path) -> None:
        targets.append(target)
        if len(targets) == 1:
            stored_audio(source, sample_rate)
        decode(source, sample_rate, target)

    monkeypatch.setattr(sed.data.store, "_decode", twice)
    assert 16_000 == len(stored_audio(path, 16_000))
    assert 2 == len(set(targets))
    assert [".f16", ".json"] == sorted(left.suffix for left in cache.glob("*/*"))


def test_a_broken_file_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    """Neither some of its samples nor facts about it."""
    (tmp_path / "broken.mp3").write_text("no sound")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16_000)
    for name, message in (
        ("broken.mp3", "no audio"),
        ("empty.wav", "contains no samples"),
        ("none.wav", "a table of its"),
    ):
        with pytest.raises(SourceError, match=rf"{name}.*{message}"):
            stored_audio(tmp_path / name, 16_000)
    assert [] == [path for path in cache.glob("**/*") if path.is_file()]


def test_a_long_recording_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """Five minutes are 19 MB of samples; to decode them and to read a part takes less than a fifth of that."""
    minute = 0.1 * np.random.default_rng(0).standard_normal(960_000, dtype=np.float32)
    with soundfile.SoundFile(tmp_path / "long.wav", "w", 16_000, 1) as file:
        for _ in range(5):
            file.write(minute)
    tracemalloc.start()
    stored = stored_audio(tmp_path / "long.wav", 16_000)
    part = stored[3_000_000:3_160_000]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (4_800_000, 160_000) == (len(stored), len(part))
    assert peak < 3_800_000


def test_many_files_are_decoded_by_several_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same samples, in the same order, including errors."""
    paths = [write_cut(tmp_path / f"{number}.mp3", begin=number) for number in range(4)]
    paths.insert(2, tmp_path / "none.wav")
    monkeypatch.setattr(sed.data.store, "_WORTH_PROCESSES", 2)
    stored = store_all(paths, 16_000)
    monkeypatch.setenv("SED_EDGE_CACHE", str(tmp_path / "other"))
    for path, audio in zip(paths, stored, strict=True):
        if path.exists():
            assert isinstance(audio, StoredAudio)
            np.testing.assert_array_equal(stored_audio(path, 16_000)[:], audio[:])
        else:
            assert isinstance(audio, SourceError)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "{tmp}"}, ".cache/sed-edge"),
        ({"HOME": "{tmp}", "XDG_CACHE_HOME": "{tmp}/xdg"}, "xdg/sed-edge"),
        ({"HOME": "{tmp}", "XDG_CACHE_HOME": "{tmp}/xdg", "SED_EDGE_CACHE": "{tmp}/mine"}, "mine"),
    ],
)
def test_the_cache_is_where_caches_are(tmp_path: Path, environment: dict[str, str], expected: str) -> None:
    """Unless a variable says otherwise."""
    path = write_cut(tmp_path / "a.wav")
    script = "import sys, pathlib, sed.data.store; sed.data.store.stored_audio(pathlib.Path(sys.argv[1]), 16000)"
    chosen = {key: value.format(tmp=tmp_path) for key, value in environment.items()}
    inherited = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    subprocess.run([sys.executable, "-c", script, path], env=inherited | chosen, cwd=Path.cwd(), check=True)
    assert 1 == len(list((tmp_path / expected).glob("*/*.f16")))
