from pathlib import Path

import pytest

from benchmarks.judging.variants import NETWORKS
from sed.network.detector import Detector
from sed.recipe.config import Recipe
from tests.benchmarks.running import benchmark, run_benchmark
from tests.conftest import DEMO


def test_networks_that_are_compared_are_equally_large() -> None:
    """Those of ours, within a twentieth."""
    ours = [variant.of(Recipe(name="x")) for variant in NETWORKS.values() if not variant.dcase]
    sizes = [sum(p.numel() for p in Detector(recipe, classes=10).parameters()) for recipe in ours]
    assert 4 == len({recipe.network for recipe in ours})
    assert max(sizes) <= 1.05 * min(sizes)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_variants_are_trained_once_and_compared(clips: Path, tmp_path: Path) -> None:
    """A network of ours and the DCASE CRNN go through the same training and decoder; what is done is kept."""
    (tmp_path / "short.toml").write_text(
        "[data]\ntrain_folds = [1]\nvalidation_folds = [2]\nvalidation_scenes = 2\n"
        "[scenes]\nseconds = 2.0\n[stream]\nwindow = 2.0\nhop = 1.0\nlookahead = 0.5\n"
        "[training]\nbatch_size = 2\nworkers = 0\n"
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
