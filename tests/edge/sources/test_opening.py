import threading
from pathlib import Path

import pytest

from edge.errors import SettingError
from edge.sources.audio import Pcm
from edge.sources.opening import each_of, open_source, open_sources, starts_of
from edge.sources.pipe import LivePipe
from edge.sources.recorders import Zone
from edge.sources.source import FileSource, InTurn, Limited

pytestmark = pytest.mark.realtime


def test_a_path_is_a_file() -> None:
    """With its own name, or another."""
    source = open_source("porch.wav")
    assert isinstance(source, FileSource)
    assert ("porch.wav", False) == (source.name, source.live)
    assert "porch" == open_source("porch.wav", name="porch").name
    assert open_source("porch.wav", realtime=True).live


def test_names_are_kept_in_order() -> None:
    """First those without a name of their own; a name may hold all but an equals sign, a source that too."""
    sources = open_sources(["a.wav", "b.wav"], ["back yard=c=d.wav"], seconds=2.0)
    assert ["a.wav", "b.wav", "back yard"] == [source.name for source in sources]
    assert all(isinstance(source, Limited) for source in sources)


@pytest.mark.parametrize(
    ("texts", "named", "message"),
    [
        ([], [], "nothing to hear"),
        (["a.wav", "./a.wav", "a.wav"], [], r"2 sources are called a\.wav"),
        (["a.wav"], ["a.wav=b.wav"], r"2 sources are called a\.wav"),
        ([], ["porch="], "expected NAME=SOURCE"),
        ([], ["=mic"], "expected NAME=SOURCE"),
    ],
)
def test_sources_that_do_not_fit_together_are_refused(texts: list[str], named: list[str], message: str) -> None:
    """With what to do."""
    with pytest.raises(SettingError, match=message):
        open_sources(texts, named)


@pytest.mark.parametrize("text", ["", "s16le", "s16le:48000", "s16le:48000:1:1", "s16le:4 8:1", "s16le:-1:1", "x:1:1"])
def test_what_does_not_describe_samples_is_refused(text: str) -> None:
    """It says what would."""
    with pytest.raises(ValueError, match="expected FORMAT:HZ:CHANNELS such as s16le:48000:1; formats are u8"):
        Pcm.parse(text)
    assert Pcm("f32le", 44_100, 2) == Pcm.parse("f32le:44100:2")


def test_a_file_that_is_missing_is_told_of_when_it_is_read(tmp_path: Path) -> None:
    """Not before: the others are heard."""
    source = open_source(str(tmp_path / "gone.wav"))
    with pytest.raises(Exception, match="no such file"):
        next(iter(source.items(threading.Event())))


def test_options_are_for_streams() -> None:
    """They reach the stream that knows them; elsewhere they are told."""
    (stream,) = open_sources(["http://127.0.0.1:1/x"], options=["user_agent=sed"])
    assert "http://127.0.0.1:1/x" == stream.name
    with pytest.raises(SettingError, match="http has no option 'user_agend'; did you mean 'user_agent'"):
        open_sources(["http://127.0.0.1:1/x"], options=["user_agend=sed"])
    with pytest.raises(SettingError, match="--option user_agent: expected KEY=VALUE"):
        open_sources(["http://127.0.0.1:1/x"], options=["user_agent"])
    with pytest.raises(SettingError, match="--option is FFmpeg's for URLs, but no source is one"):
        open_sources(["x.wav"], options=["user_agent=sed"])


def test_a_folder_is_its_files_in_turn(tmp_path: Path) -> None:
    """Each under its own name, in order of time; a name for the folder stands before theirs."""
    for name in ("b/S_20230501_040000.wav", "20230501_043000.WAV"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for named, prefix in ((False, str(tmp_path)), (True, "garden")):
        (turn,) = open_sources([], [f"garden={tmp_path}"]) if named else open_sources([f"{tmp_path}/"])
        assert isinstance(turn, InTurn)
        expected = [f"{prefix}/b/S_20230501_040000.wav", f"{prefix}/20230501_043000.WAV"]
        assert expected == [source.name for source in turn.sources]
    both = open_sources(["a.wav", str(tmp_path)], seconds=1.0)
    assert 3 == len(each_of(both))
    starts = starts_of(both, ["name", "a.wav=none"], Zone("+02:00"))
    assert ["02:00", "02:30"] == [f"{start.at:%H:%M}" for start in starts.values()]
    with pytest.raises(SettingError, match="2 sources are called"):
        open_sources([str(tmp_path), str(tmp_path / "20230501_043000.WAV")])


def test_stdin_is_live_where_somebody_says_so() -> None:
    """Of its own, or at the pace of what it plays; else it is heard as a file is."""
    kinds = {(live, realtime): open_source("-", live=live, realtime=realtime) for live in (0, 1) for realtime in (0, 1)}
    assert {(0, 0): False, (0, 1): True, (1, 0): True, (1, 1): True} == {key: s.live for key, s in kinds.items()}
    assert {(0, 0)} == {key for key, source in kinds.items() if not isinstance(source, LivePipe)}
    with pytest.raises(SettingError, match="--live says that the sound on stdin is live, but no source is stdin"):
        open_sources(["a.wav"], live=True)
