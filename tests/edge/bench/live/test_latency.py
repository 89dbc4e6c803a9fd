import json
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from edge.bench.cli import bench
from edge.bench.live.load import Trial, find_largest, judge
from tests.conftest import DEMO
from tests.edge.live.pulse import Pulse, pulse_of_the_test  # noqa: F401  # the fixture

pytestmark = pytest.mark.realtime

SCHEMA = json.loads((files("edge.bench") / "schema.json").read_text())


def holding(at_most: int, at_most_for_long: int) -> Callable[[int, float], Trial]:
    """A machine that holds so many sources in short tries, and in those of a minute."""

    def run(sources: int, seconds: float) -> Trial:
        held = sources <= (at_most_for_long if seconds == 60.0 else at_most)
        return Trial(
            sources=sources,
            seconds=seconds,
            held=held,
            why_not=None if held else "lag of 2.00 s",
            lag_p99_seconds=0.1 if held else 2.0,
            cores_busy=1.0,
            resident_mb=None,
        )

    return run


@pytest.mark.parametrize(
    ("capacity", "for_long", "first", "most", "expected"),
    [
        (10, 10, 4, None, 10),
        (10, 10, 300, None, 10),
        (1, 1, 1, None, 1),
        (10, 9, 2, None, 9),
        (100, 100, 8, 20, 20),
        (10, 0, 2, None, None),
        (0, 0, 5, None, None),
    ],
)
def test_the_largest_number_that_holds_is_found(
    capacity: int, for_long: int, first: int, most: int | None, expected: int | None
) -> None:
    """From below and from above, and by what holds for long."""
    largest, tries = find_largest(holding(capacity, for_long), first, most, 10.0, 60.0)
    assert expected == (None if largest is None else largest.sources)
    assert most is None or most >= max(each.sources for each in tries)
    assert len(tries) < 25


def test_a_large_number_is_found_in_few_tries() -> None:
    """Within a twentieth: each try takes its time."""
    largest, tries = find_largest(holding(777, 777), 100, None, 10.0, 60.0)
    assert largest is not None
    assert 0.95 * 777 < largest.sources <= 777
    assert len(tries) < 12


@pytest.mark.parametrize(
    ("record", "why_not"),
    [
        ({"type": "gap", "reason": "overrun"}, "gap (overrun)"),
        ({"type": "source", "state": "slow", "detail": "hop 2 s"}, "hop widened (hop 2 s)"),
        ({"type": "stats", "lag_p99_seconds": 1.2}, "lag of 1.20 s"),
        ({"type": "event"}, None),
    ],
)
def test_a_machine_that_falls_behind_in_any_way_does_not_hold(record: dict[str, Any], why_not: str | None) -> None:
    """Dropped sound and a hop that widened count like a lag of more than a hop."""
    calm = [{"type": "stats", "source": "a", "lag_p99_seconds": lag} for lag in (5.0, 0.1)]  # the first settles
    assert why_not == judge([*calm, record | {"source": "a"}], 1.0)[0]


def test_every_source_must_be_heard() -> None:
    """One that starves is no source that was held."""
    calm = [{"type": "stats", "source": "a", "lag_p99_seconds": 0.1} for _ in range(3)]
    assert ("1 of 2 sources gave no sound", 0.1) == judge([*calm, {"type": "start", "source": "b"}], 1.0)
    starved = [{"type": "stats", "source": "b", "lag_p99_seconds": 0.1}, {"type": "stats", "source": "b"}]
    assert ("1 of 2 sources gave no sound", 0.1) == judge([*calm, *starved], 1.0)
    assert ("0 of 0 sources gave no sound", None) == judge([], 1.0)


def test_how_sources_begin_does_not_count() -> None:
    """All at once; but a hop that stays wide does."""
    slow, steady, *calm = (
        {"source": "a"} | record
        for record in (
            {"type": "source", "state": "slow", "detail": "hop 2 s"},
            {"type": "source", "state": "steady", "detail": "hop 1 s"},
            {"type": "gap", "reason": "overrun"},
            {"type": "stats", "lag_p99_seconds": 5.0},
            {"type": "stats", "lag_p99_seconds": 0.1},
        )
    )
    assert (None, 0.1) == judge([slow, steady, *calm], 1.0)
    assert "hop widened (hop 2 s)" == judge([slow, *calm], 1.0)[0]


def test_sources_in_real_time_are_held() -> None:
    """Two of them, through the whole runtime; the JSON is what its schema says."""
    done = CliRunner().invoke(bench, ["streams", "--seconds", "3", "--hop", "1", "--most", "2", "--json"])
    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    assert (3.0, 3.0) == (found["seconds"], found["tries"][-1]["seconds"])
    assert all(each["sources"] <= 2 for each in found["tries"])
    assert all(each["lag_p99_seconds"] is not None for each in found["tries"])
    assert ("cpu", "fp32") == (found["provider"], found["precision"])
    assert 1 <= found["largest"]["sources"] <= 2
    assert 0.0 < found["largest"]["cores_busy"] <= found["machine"]["cores"]
    assert found["largest"]["resident_mb"] > 20.0


def test_the_latency_of_a_file_is_measured() -> None:
    """No line comes before what it tells of, and before the frames that the window must have seen after it."""
    done = CliRunner().invoke(bench, ["latency", str(DEMO), "--seconds", "9", "--hop", "0.25,0.5", "--json"])
    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    rows = [row for row in found["rows"] if row["source"] == "file"]
    assert [0.25, 0.5] == [row["hop_seconds"] for row in rows]
    for row in rows:
        assert row["events"] >= 1
        for waits in (row["onset_seconds"], row["event_seconds"]):
            assert 1.0 < waits["median"] <= waits["worst"]


def test_without_a_sound_server_the_microphone_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is said, and the file is measured all the same."""
    monkeypatch.setenv("PATH", "/nowhere")
    done = CliRunner().invoke(bench, ["latency", str(DEMO), "--seconds", "9", "--hop", "0.5"])
    assert 0 == done.exit_code, done.output
    assert "mic: not measured: pactl is missing; apt install pulseaudio" in done.stdout
    assert any(line.startswith("file") for line in done.stdout.splitlines())


def test_latency_needs_something_to_hear(tmp_path: Path) -> None:
    """A recording in which nothing is known is no reason to look for the fault elsewhere."""
    soundfile.write(tmp_path / "quiet.wav", np.zeros(32_000), 16_000)
    done = CliRunner().invoke(bench, ["latency", str(tmp_path / "quiet.wav"), "--hop", "1"])
    assert (1, "") == (done.exit_code, done.stdout)
    assert "quiet.wav: no event both begins and ends in it" in done.stderr


@pytest.mark.parametrize("seconds", ["nan", "inf", "0"])
def test_seconds_are_a_number(seconds: str) -> None:
    """That a file can be written for."""
    done = CliRunner().invoke(bench, ["streams", "--seconds", seconds])
    assert 2 == done.exit_code
    assert "--seconds" in done.stderr


@pytest.mark.slow
def test_the_latency_of_a_microphone_is_measured(pulse: Pulse) -> None:
    """What the server plays is heard, known again and timed; the sink of its own is gone afterwards."""
    script = "from edge.bench.cli import bench; bench(prog_name='sed-bench')"
    arguments = ["latency", str(DEMO), "--seconds", "9", "--hop", "0.25", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=pulse.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    assert [] == found["unmeasured"]
    of_file, of_mic = found["rows"]
    assert ("file", "mic") == (of_file["source"], of_mic["source"])
    assert of_mic["events"] >= 1
    assert of_mic["onset_seconds"]["median"] > 1.0
    sinks = subprocess.run(
        ["pactl", "list", "short", "sinks"], env=pulse.environment, capture_output=True, text=True, check=True
    )
    assert "sed_bench" not in sinks.stdout
