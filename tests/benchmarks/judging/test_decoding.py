from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.judging.decoding import ALLOWED_PER_HOUR, EMISSION_RULES, tuned_figures
from edge.model.inference import Model
from edge.model.library import shipped_model
from sed.evaluation.inference import RecordingResult
from sed.evaluation.recordings import Recording
from tests.benchmarks.running import run_benchmark
from tests.conftest import DEMO


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """A third of the demo recording with its truth, and silence."""
    audio, rate = soundfile.read(DEMO, frames=20 * 44_100)
    soundfile.write(tmp_path / "demo.wav", audio, rate)
    header, *events = DEMO.with_suffix(".tsv").read_text().splitlines()
    early = [line for line in events if float(line.split("\t")[1]) <= 20.0]
    (tmp_path / "demo.tsv").write_text("\n".join([header, *early]))
    soundfile.write(tmp_path / "silence.wav", [0.0] * 80_000, 16_000)
    return tmp_path


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
