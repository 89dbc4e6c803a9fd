import json
from pathlib import Path

import pytest

from benchmarks.cost.whole_process import REFERENCE, SOURCES
from edge.model.inference import Model
from edge.model.library import shipped_model
from tests.benchmarks.running import run_benchmark


def test_operators_add_up() -> None:
    """Shares make a whole, and the GRU's work is what its sizes say."""
    rows = {row[0]: row[1:] for row in map(str.split, run_benchmark("operators").splitlines()[2:])}
    assert 100 == pytest.approx(sum(int(row[1].rstrip("%")) for name, row in rows.items() if name != "all"), abs=15)
    # 3 gates of 64 from 128 + 64 inputs, both directions, a window of 200 frames on the head's grid.
    steps = 200 / Model(shipped_model()).card.grid_frames
    assert 2e-6 * steps * 2 * 3 * 64 * (128 + 64) == pytest.approx(float(rows["GRU"][2]), abs=0.06)


def test_a_process_is_measured() -> None:
    """Start-up, memory, size."""
    lines = run_benchmark("process", "--rounds", "3").splitlines()
    assert ["process start to first event", "sed-stream, most memory", "model file"] == [
        line.partition(":")[0] for line in lines[1:]
    ]


LIVE_SOURCES = ("RTSP, Opus 48 kHz mono", "Icecast, MP3 48 kHz mono", "microphone, 48 kHz stereo")


@pytest.mark.parametrize(
    ("live_seconds", "live_sources"),
    [(0, ()), pytest.param(20, LIVE_SOURCES, marks=[pytest.mark.slow, pytest.mark.realtime])],
)
def test_whole_processes_are_measured_from_outside(live_seconds: int, live_sources: tuple[str, ...]) -> None:
    """A row for each kind of source; a process costs more than its decoder."""
    lines = run_benchmark(
        "sources", "--rounds", "1", "--seconds", "20", "--live-seconds", f"{live_seconds}"
    ).splitlines()
    assert lines[1].startswith("ms per second of sound")
    rows = {line[:26].strip(): [float(cell) for cell in line[26:].split()] for line in lines[2:-1]}
    assert {*SOURCES, *live_sources} == rows.keys()
    assert 1.0 == rows[REFERENCE][2]
    reference = rows[REFERENCE][0]
    for name, (process, decoder, times, _) in rows.items():
        # Beside other tests the difference of two short files is mostly noise.
        assert process > decoder or name not in live_sources
        assert process == pytest.approx(times * reference, rel=0.02, abs=0.005 * (1 + reference))


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_the_stream_is_cheap() -> None:
    """The bars, as ratios within one run, each with room for a noisy machine."""
    cost = {name: row["median"] for name, row in json.loads(run_benchmark("speed", "--rounds", "9", "--json")).items()}
    light, mid = cost["light, hop 1 s"], cost["mid, hop 1 s"]
    assert light < min(value for name, value in cost.items() if name.endswith("chunk by chunk"))
    assert cost["light with encoder, hop 1 s"] < 3 * light
    assert cost["light, naive window, hop 1 s"] > 3 * light
    assert cost["light, naive window, hop 0.25 s"] > 4 * cost["light, hop 0.25 s"]
    assert cost["mid, naive window, hop 1 s"] > 6 * mid
    assert cost["Cnn14 decision level, naive, 1 s"] > 60 * light
    assert cost["DCASE 2023 CRNN, once"] > 2 * light
    assert cost["DCASE 2023 CRNN, our frontend, once"] > 1.5 * light


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(900)
def test_memory_and_cost_are_flat() -> None:
    """Six hours through the runtime: the last costs what the second does, and holds no more memory."""
    rows = [line.split() for line in run_benchmark("day", "--hours", "6").splitlines()[2:]]
    _, second, *_, last = [[float(value) for value in row] for row in rows]
    assert 6 == len(rows)
    assert last[3] - second[3] <= 2.0
    assert last[2] <= 1.5 * second[2]


def test_parts_of_a_training_step_are_timed(clips: Path, tmp_path: Path) -> None:
    """Loading and the network, each part by its name."""
    recipe = tmp_path / "short.toml"
    recipe.write_text("[data]\ntrain_folds = [1]\nvalidation_folds = []\n[training]\nselect = 'last'\nbatch_size = 4\n")
    lines = run_benchmark("training", "--recipe", str(recipe), "--data", str(clips), "--rounds", "3").splitlines()
    assert [
        "decode a clip",
        "the same from the cache",
        "mix a scene",
        "frontend",
        "augmentation",
        "network, there and back",
        "step of AdamW",
    ] == [line[:26].strip() for line in lines[2:]]
