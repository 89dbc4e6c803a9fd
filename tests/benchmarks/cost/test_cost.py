import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from benchmarks.decoding import ALLOWED_PER_HOUR, EMISSION_RULES, tuned_figures
from benchmarks.encoders import Sounds, judged
from benchmarks.peers import DCASE_FRONTEND, DropHalf
from benchmarks.variants import NETWORKS, LogMelByFft
from benchmarks.whole_process import REFERENCE, SOURCES
from edge.model.inference import Model
from edge.model.library import shipped_model
from sed.evaluation.inference import RecordingResult
from sed.evaluation.recordings import Recording
from sed.network.detector import Detector
from sed.network.frontend import LogMel
from sed.recipe.config import Recipe
from tests.conftest import DEMO, ROOT


def run_benchmark(*arguments: str) -> str:
    """Run one as a user does, from the repository's root."""
    done = benchmark(*arguments)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same, however it ends."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_operators_add_up() -> None:
    """Shares make a whole, and the GRU's work is what its sizes say."""
    rows = {row[0]: row[1:] for row in map(str.split, run_benchmark("operators").splitlines()[2:])}
    assert 100 == pytest.approx(sum(int(row[1].rstrip("%")) for name, row in rows.items() if name != "all"), abs=15)
    # 3 gates of 64 from 128 + 64 inputs, both directions, a window of 200 frames on the head's grid.
    steps = 200 / Model(shipped_model()).card.grid_frames
    assert 2e-6 * steps * 2 * 3 * 64 * (128 + 64) == pytest.approx(float(rows["GRU"][2]), abs=0.06)


def test_networks_that_are_compared_are_equally_large() -> None:
    """Those of ours, within a twentieth."""
    ours = [variant.of(Recipe(name="x")) for variant in NETWORKS.values() if not variant.dcase]
    sizes = [sum(p.numel() for p in Detector(recipe, classes=10).parameters()) for recipe in ours]
    assert 4 == len({recipe.network for recipe in ours})
    assert max(sizes) <= 1.05 * min(sizes)


def test_the_dcase_network_trains_by_cheaper_ways_to_the_same() -> None:
    """Its spectrogram is the frontend's, and its dropout leaves every second number, twice as large."""
    generator = torch.Generator().manual_seed(1)
    audio = 0.1 * torch.randn(2, 16_000, generator=generator)
    samples = DCASE_FRONTEND.overlap_samples + 50 * DCASE_FRONTEND.hop_length
    expected = LogMel(DCASE_FRONTEND)(audio[:, :samples])
    torch.testing.assert_close(LogMelByFft(DCASE_FRONTEND)(audio[:, :samples]), expected, atol=1e-3, rtol=0)

    torch.manual_seed(1)
    drop = DropHalf()
    x = torch.ones(4, 3, 50, 21, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
    assert {0.0, 2.0} == set(drop(x).unique().tolist())
    assert 1.0 == pytest.approx(float(drop(x).float().mean()), abs=0.05)
    assert torch.equal(x, drop.eval()(x))


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


def test_encoders_are_judged_by_what_their_vectors_tell_apart() -> None:
    """Kinds far from all classes are told from them; a class that lies where an unknown kind lies is not."""
    generator = torch.Generator().manual_seed(0)
    places = {label: torch.randn(16, generator=generator) for label in ("a", "b", "c", "d", "learnt", "new")}

    def sounds(labels: str | list[str]) -> Sounds:
        vectors = [places[label] + 0.05 * torch.randn(3, 16, generator=generator) for label in labels for _ in range(4)]
        return Sounds(vectors, [label for label in labels for _ in range(4)], [1, 2, 3, 4] * len(labels))

    apart = judged(sounds("abcd"), sounds(["learnt", "new"]), ["learnt"])
    assert (1.0, 1.0) == (apart["clips"], apart["auroc"])
    places["new"] = places["a"]
    assert 0.75 > judged(sounds("abcd"), sounds(["learnt", "new"]), ["learnt"])["auroc"]


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


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_variants_are_trained_once_and_compared(clips: Path, tmp_path: Path) -> None:
    """A network of ours and the DCASE CRNN go through the same training and decoder; what is done is kept."""
    (tmp_path / "short.toml").write_text(
        "[data]\ntrain_folds = [1]\nvalidation_folds = [2]\nvalidation_scenes = 2\n"
        "[stream]\nwindow = 2.0\nhop = 1.0\nlookahead = 0.5\n[training]\nbatch_size = 2\nworkers = 0\n"
    )
    arguments = ["--recipe", tmp_path / "short.toml", "--data", clips, "--validation", clips, "--out", tmp_path / "out"]
    chosen = ["--steps", 10, "--only", "CNN + bi-GRU", "--only", "DCASE 2023 CRNN"]
    run = ["trainings", "networks", *map(str, arguments + chosen)]
    first = run_benchmark(*run)
    lines = {line[:15].strip(): line[15:].split() for line in first.splitlines()[2:]}
    assert {"CNN + bi-GRU", "DCASE 2023 CRNN"} == set(lines)
    assert all(0.0 <= float(figure) <= 1.0 for _, _, *figures, _ in lines.values() for figure in figures)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.ckpt")}
    run_benchmark(*run)
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.ckpt")}

    made_otherwise = benchmark(*run, "--seed", "1", "--steps", "20")
    assert 0 != made_otherwise.returncode
    assert "was made by another recipe" in made_otherwise.stderr


def test_what_trainings_cannot_do_is_said_before_them(clips: Path, tmp_path: Path) -> None:
    """A variant that there is none of, and recordings that all hold events."""
    (tmp_path / "eventful").mkdir()
    for source in (DEMO, DEMO.with_suffix(".tsv")):
        (tmp_path / "eventful" / source.name).write_bytes(source.read_bytes())
    run = ["trainings", "networks", "--data", str(clips), "--out", str(tmp_path / "out"), "--steps", "10"]
    for more, message in (
        (["--validation", str(clips), "--only", "CNN + bi-GRUs"], "did you mean 'CNN + bi-GRU'?"),
        (["--validation", str(tmp_path / "eventful")], "holds only recordings with events, or only such without"),
    ):
        done = benchmark(*run, *more)
        assert 0 != done.returncode
        assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_figures_that_no_settings_reach_are_left_out(model: Model, tmp_path: Path) -> None:
    """A model that always hears something: there is no event F1 at 60 false alarms an hour, and the rest is there."""
    soundfile.write(tmp_path / "a.wav", [0.1] * 160_000, 16_000)
    scores = np.ones((200, 10), dtype=np.float32)
    heard = [
        RecordingResult(
            recording=Recording(path=tmp_path / f"{name}.wav", truth=truth, labels=()),
            scores=scores,
            clip_scores=scores[0],
            events=(),
            seconds=10.0,
        )
        for name, truth in (("a", ((1.0, 2.0, "dog"),)), ("b", ()))
    ]
    figures = tuned_figures(model.card, heard)
    assert "quiet_event_f1" not in figures
    assert {"event_f1_macro", "segment_f1_macro", "psds1"} <= figures.keys()


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """The demo recording with its truth, and silence."""
    for source in (DEMO, DEMO.with_suffix(".tsv")):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    soundfile.write(tmp_path / "silence.wav", [0.0] * 80_000, 16_000)
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_emission_rules_are_compared(recordings: Path) -> None:
    """Every rule has its figures."""
    lines = run_benchmark("emission", str(shipped_model()), "--validation", str(recordings)).splitlines()
    assert list(EMISSION_RULES) == [line[:26].strip() for line in lines[1:]]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_strictness_is_compared(recordings: Path) -> None:
    """What is allowed more false alarms finds no less."""
    plot = recordings / "tradeoff.png"
    arguments = [str(shipped_model()), "--validation", str(recordings), "--plot", str(plot)]
    rows = [line.split() for line in run_benchmark("tradeoff", *arguments).splitlines()[1:]]
    assert list(ALLOWED_PER_HOUR) == [int(row[0]) for row in rows]
    assert float(rows[0][2]) <= float(rows[-1][2])
    assert plot.read_bytes().startswith(b"\x89PNG")


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
