import json
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from edge.model.library import shipped_model
from tests.conftest import DEMO, command, run
from tests.edge.cli.running import records, stream
from tests.edge.live.servers import needs

pytestmark = pytest.mark.realtime


def on_terminal(stream_name: str) -> str:
    """What sed-stream writes to a terminal as its stdout or stderr, the other one being a pipe."""
    ours, theirs = os.openpty()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream_name: theirs}
    with subprocess.Popen([command("sed-stream"), DEMO], **streams):
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:  # how Linux says that the other end is closed
            pass
    os.close(ours)
    return text.decode()


def test_a_pipe_gets_json_lines() -> None:
    """Data on stdout, talk on stderr."""
    done = stream(DEMO)
    log = records(done.stdout)
    assert 0 == done.returncode
    assert str(DEMO) == log[0]["source"]
    assert {"type": "stop", "source": str(DEMO), "reason": "end"} == log[-1]
    assert done.stderr.startswith("sed-stream: hears chainsaw")


def test_a_terminal_gets_a_table() -> None:
    """A person reads columns, with the same events in them."""
    lines = on_terminal("stdout").splitlines()
    events = [record for record in records(stream(DEMO).stdout) if record["type"] == "event"]
    assert ["onset", "offset", "label", "confidence"] == lines[0].split()
    assert [event["label"] for event in events] == [line.split()[2] for line in lines[1:-1]]
    assert lines[-1].startswith(f"{len(events)} events in 0:00:56")


def test_each_of_several_sources_has_its_log() -> None:
    """The same events as alone, under their names and with numbers of their own."""
    log = records(stream(DEMO, "--name", f"again={DEMO}", "--threshold", "dog=0.6", "--onsets").stdout)
    mine, other = (
        [
            {key: value for key, value in record.items() if key not in ("source", "id")}
            for record in log
            if record["source"] == name
        ]
        for name in (str(DEMO), "again")
    )
    assert mine == other
    numbers = [record["id"] for record in log if record["type"] == "event"]
    assert sorted(numbers) == [*range(1, len(numbers) + 1)] != []
    assert sorted(record["id"] for record in log if record["type"] == "onset") == sorted(numbers)


def test_one_source_that_fails_does_not_end_the_others(tmp_path: Path) -> None:
    """It is told of, and the exit code remembers."""
    done = stream("--name", f"porch={tmp_path / 'gone.wav'}", DEMO)
    assert 1 == done.returncode
    assert "stop" == records(done.stdout)[-1]["type"]
    assert {str(DEMO)} == {record["source"] for record in records(done.stdout)}
    assert f"sed-stream: porch: {tmp_path / 'gone.wav'}: no such file" in done.stderr
    assert "sed-stream: 1 of 2 sources failed: porch" in done.stderr.splitlines()[-1]
    unnamed = stream(tmp_path / "gone.wav", DEMO).stderr
    assert f"sed-stream: {tmp_path / 'gone.wav'}: no such file" in unnamed


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_log_is_utf_8_whatever_names_and_terminals_are(tmp_path: Path, encoding: str) -> None:
    """A name that is none in UTF-8, and one that the terminal's encoding has no letters for."""
    names = [os.fsdecode(b"caf\xe9.ogg"), "\u65e5.ogg"]
    for name in names:
        (tmp_path / name).symlink_to(DEMO)
    done = subprocess.run(
        [command("sed-stream"), *names, "--out", "a.csv", "--duration", "9"],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    log = records(done.stdout.decode())
    assert {"caf?.ogg", "\u65e5.ogg"} == {record["source"] for record in log if record["type"] == "event"}
    assert {"source", "caf?.ogg", "\u65e5.ogg"} == {
        row.split(",")[0] for row in (tmp_path / "a.csv").read_text().splitlines()
    }


def test_duration_is_exact() -> None:
    """To the sample, whatever the pieces."""
    log = [json.loads(line) for line in stream(DEMO, "--duration", "12.345").stdout.splitlines()]
    assert (12.345, "end") == (log[-2]["audio_seconds"], log[-1]["reason"])


def test_a_person_who_saves_the_log_sees_progress() -> None:
    """A bar on a terminal's stderr that ends at 100 %."""
    assert "100%" in on_terminal("stderr")


def test_options_reach_the_decoder_and_the_window() -> None:
    """Fewer labels, another threshold, another hop: each changes what comes out as it should."""
    events = [r for r in records(stream(DEMO, "--labels", "rooster,dog").stdout) if r["type"] == "event"]
    assert {"rooster", "dog"} >= {event["label"] for event in events} != set()
    strict = stream(DEMO, "--labels", "sea_waves", "--threshold", " sea_waves=0.999").stdout
    assert ["start", "stop"] == [record["type"] for record in records(strict)]
    assert 0 == stream(DEMO, "--hop", "0.25", "--window", "5").returncode
    timed = records(stream(DEMO, "--started-at", "2026-05-01T04:30:00+02:00").stdout)
    assert "2026-05-01T02:30:00.000Z" == timed[0]["started_at"]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that cannot be used."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.wav").write_text("no sound\n" * 100)
    (folder / "empty.wav").touch()
    (folder / "none").mkdir()
    for name, properties in (("other.onnx", {}), ("card.onnx", {"sed_edge_card": '{"schema": 1}'})):
        proto = onnx.load(shipped_model())
        onnx.helper.set_model_props(proto, properties)
        onnx.save(proto, folder / name)
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{bad}/missing.wav"], 1, "no such file"),
        (["{bad}/none"], 1, "{bad}/none: holds no audio file; expected some"),
        (["{bad}/text.wav"], 1, "holds no audio that can be decoded"),
        (["{bad}/empty.wav"], 1, "is empty"),
        (["-"], 1, "stdin: nothing came; pipe a recording into it"),
        (["{demo}", "--out", "{bad}/gone/a.csv"], 1, "--out {bad}/gone/a.csv: No such file or directory"),
        (["{demo}", "--model", "{bad}/other.onnx"], 1, "without a card"),
        (["{demo}", "--model", "{bad}/card.onnx"], 1, "card.onnx: its card lacks model_id"),
        (["{demo}", "--model", "{bad}/text.wav"], 1, "is no ONNX model"),
        (["{demo}", "--labels", "rooser"], 2, "did you mean 'rooster'?"),
        (["{demo}", "--threshold", "cat=0.5"], 2, "knows no label 'cat'"),
        (["{demo}", "--threshold", "dog=7"], 2, "expected LABEL=P with P between 0 and 1"),
        (["{demo}", "--threshold", "dog"], 2, "expected LABEL=P"),
        (["{demo}", "--hop", "0.13"], 2, "the nearest is --hop 0.15"),
        (["{demo}", "--window", "0.5"], 2, "too short"),
        (["{demo}", "--started-at", "yesterday"], 2, "expected an ISO 8601 time"),
        (["{demo}", "--started-at", "9999-12-31T23:59:59Z"], 2, "expected an ISO 8601 time"),
        (["{demo}", "--started-at", "2026-05-01", "--realtime"], 2, "--started-at is for files"),
        (["{demo}", "--name", "b={demo}", "--started-at", "2026-05-01"], 2, "would have 2 files begin at once"),
        (["{demo}", "--started-at", "nam=name"], 2, "no source is called 'nam'"),
        (["{demo}", "--started-at", "name"], 2, "there is no time of day in the name of"),
        (["{demo}", "--started-at", "metadata"], 2, "there is no time of day in the metadata of"),
        (["{demo}", "--started-at", "name", "--started-at", "none"], 2, "is given twice for all files"),
        (["{demo}", "--started-at", "name", "--timezone", "Europa/Berlin"], 2, "did you mean 'Europe/Berlin'?"),
        (["{demo}", "--timezone", "+02:00"], 2, "--timezone +02:00 is for the times of files"),
        (["{demo}", "--live"], 2, "no source is stdin; give - as a source"),
        (["{demo}", "--stats-every", "-1"], 2, "--stats-every -1: expected seconds"),
        (["{demo}", "--duration", "0"], 2, "--duration 0: expected more than 0 seconds"),
        (["{demo}", "{demo}"], 2, "give them names of their own with --name NAME=SOURCE"),
        (["--name", "porch"], 2, "--name porch: expected NAME=SOURCE"),
        (["-", "--pcm", "s16:48000:1"], 2, "--pcm s16:48000:1: expected FORMAT:HZ:CHANNELS such as s16le:48000:1"),
        (["-", "--pcm", "s16le:48000:0"], 2, "expected a rate of 1000 to 768000 Hz and 1 to 64 channels"),
        (["{demo}", "--pcm", "s16le:48000:1"], 2, "give - as a source"),
        (["-", "--name", "porch=-"], 2, "stdin (-) can be heard only once"),
        ([], 2, "there is nothing to hear"),
    ],
)
def test_bad_input_gets_one_clear_line(bad: Path, arguments: list[str], code: int, message: str) -> None:
    """The right exit code, the reason on stderr, nothing on stdout."""
    done = stream(*(argument.format(bad=bad, demo=DEMO) for argument in arguments))
    assert (code, "") == (done.returncode, done.stdout)
    assert 1 == len(done.stderr.splitlines()), done.stderr
    assert message.format(bad=bad) in done.stderr


def test_a_wav_cut_within_a_frame_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    """And a line says so."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(tmp_path / "cut.wav", np.stack([audio, audio], axis=1), rate)
    data = (tmp_path / "cut.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2 + 1])
    done = stream(tmp_path / "cut.wav")
    assert 0 == done.returncode
    assert "cut.wav: is damaged or cut short; 28.0" in done.stderr
    assert [] != [record for record in records(done.stdout) if record["type"] == "event"]


@pytest.mark.parametrize("samples", [1, 700, 15_000, 160_000])
def test_a_source_of_any_length_has_a_whole_log(tmp_path: Path, samples: int) -> None:
    """One sample, less than a frame, less than a hop, exactly a window."""
    audio = soundfile.read(DEMO, dtype="float32")[0][-2 * samples :: 2]
    soundfile.write(tmp_path / "a.wav", audio, 16_000)
    done = stream(tmp_path / "a.wav")
    stats = json.loads(done.stdout.splitlines()[-2])
    assert (0, "") == (done.returncode, done.stderr.partition("\n")[2])
    assert round(samples / 16_000, 3) == stats["audio_seconds"]
    assert {"type": "stop", "source": str(tmp_path / "a.wav"), "reason": "end"} == records(done.stdout)[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_open_events_and_ends_the_log(tmp_path: Path, number: int) -> None:
    """A stream on stdin that has stopped talking, in the middle of a sound, is ended in good order."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(tmp_path / "demo.wav", audio[: 30 * rate], rate)  # ends while the chainsaw runs
    with subprocess.Popen(
        [command("sed-stream"), "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write((tmp_path / "demo.wav").read_bytes())
        process.stdin.flush()
        log = [process.stdout.readline().decode()]  # it listens
        time.sleep(2.0)
        process.send_signal(number)
        log += process.stdout.read().decode().splitlines()
        process.wait(timeout=10)
    ended = [json.loads(line) for line in log]
    assert 130 == process.returncode
    assert {"type": "stop", "source": "-", "reason": "interrupted"} == ended[-1]
    assert ("chainsaw", "end") in [(r["label"], r["closed_by"]) for r in ended if r["type"] == "event"]


def test_a_reader_that_leaves_is_no_error() -> None:
    """As in `sed-stream ... | head -1`."""
    with subprocess.Popen([command("sed-stream"), DEMO], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"start" in process.stdout.readline()
        process.stdout.close()
        talk = process.stderr.read().decode()
    assert 1 == len(talk.splitlines()), talk


def test_a_full_disk_is_one_clear_line() -> None:
    """And exit code 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [command("sed-stream"), DEMO], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert 1 == done.returncode
    assert "sed-stream: No space left on device" == done.stderr.splitlines()[-1]


def test_a_recorder_that_was_stopped_has_not_cut_its_file(tmp_path: Path) -> None:
    """A length of 2 GiB is what recorders claim that write to a pipe; a piece of a sample is damage all the same."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(tmp_path / "a.wav", audio[: 5 * rate], rate)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[40:44] = (0x80000000).to_bytes(4, "little")
    assert "cut short" not in stream("-", stdin=bytes(data)).stderr
    assert "stdin: is damaged or cut short" in stream("-", stdin=bytes(data[:-1])).stderr


@pytest.mark.parametrize(("channel", "events", "warnings"), [("mix", 0, 1), ("2", 12, 0), ("best", 12, 0)])
def test_channels_that_cancel_are_told_and_can_be_chosen(
    tmp_path: Path, channel: str, events: int, warnings: int
) -> None:
    """Two microphones of which one is wired the wrong way round: a warning on stderr and in the log, or one of them."""
    audio, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(tmp_path / "a.wav", np.stack([-audio, audio], axis=1), rate)
    done = run("sed-stream", tmp_path / "a.wav", "--channel", channel)
    assert 0 == done.returncode, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert events == sum(record["type"] == "event" for record in records)
    told = [record["detail"] for record in records if record.get("state") == "warning"]
    assert warnings == len(told) == done.stderr.count("its channels cancel each other out; --channel ")


def test_another_sound_track_can_be_chosen(tmp_path: Path) -> None:
    """By its number or its language; the one that is marked as default is heard else."""
    needs("ffmpeg")
    sound = ["-i", str(DEMO), "-f", "lavfi", "-i", "anullsrc=r=32000:cl=mono:d=56", "-map", "1", "-map", "0"]
    marks = ["-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng", "-disposition:a:0", "0"]
    marks += ["-disposition:a:1", "default", "-c:a", "flac"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *sound, *marks, tmp_path / "a.mka"], check=True)
    found, told = {}, "this sound track is digitally silent; --track takes one of 1 (deu), 2 (eng)"
    for track in ("default", "1", "2", "eng", "deu"):
        done = run("sed-stream", tmp_path / "a.mka", "--track", track)
        found[track] = (done.stdout.count('"type": "event"'), told in done.stderr)
    heard, silent = (12, False), (0, True)
    assert {"default": heard, "1": silent, "2": heard, "eng": heard, "deu": silent} == found
    refused = run("sed-stream", tmp_path / "a.mka", "--track", "fra")
    assert 1 == refused.returncode
    assert "has no sound track fra; expected --track default or one of 1 (deu), 2 (eng)" in refused.stderr
