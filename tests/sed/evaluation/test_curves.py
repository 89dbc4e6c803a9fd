import numpy as np
import pytest
from sed_scores_eval import intersection_based
from sed_scores_eval.base_modules.scores import create_score_dataframe

from sed.data.labels import Annotation
from sed.evaluation.curves import PSDS1, PSDS2, Scenario, ScoredRecording, precision_recall, psds
from sed.evaluation.sweep import median_filtered

LABELS = ["dog", "rain"]
FRAME = 0.05


def made(seed: int, seconds: int, truth: list[Annotation], miss: float = 0.0) -> ScoredRecording:
    """Scores that follow the truth, a tenth of a logit apart, under noise that drowns it as `miss` grows."""
    rng = np.random.default_rng(seed)
    edges = np.arange(round(seconds / FRAME) + 1) * FRAME
    logits = rng.normal(-6.0, 1.0 + miss, (len(edges) - 1, 2))
    for onset, offset, label in truth:
        logits[round(onset / FRAME) : round(offset / FRAME), LABELS.index(label)] += 12.0
    return ScoredRecording(scores=median_filtered(1 / (1 + np.exp(-logits.round(1))), [5, 5]), edges=edges, truth=truth)


def some_truth(seed: int, seconds: int) -> list[Annotation]:
    """An event of 2 s of alternating labels every 10 s."""
    rng = np.random.default_rng(seed)
    begins = np.arange(0, seconds - 10, 10) + rng.integers(0, 8, len(range(0, seconds - 10, 10)))
    return [(float(begin), float(begin + 2), LABELS[k % 2]) for k, begin in enumerate(begins)]


def test_the_scenarios_are_those_of_dcase() -> None:
    """Task 4, up to 100 false positives per hour."""
    assert Scenario(dtc=0.7, gtc=0.7, cttc=None, alpha_ct=0.0, alpha_st=1.0) == PSDS1
    assert Scenario(dtc=0.1, gtc=0.1, cttc=0.3, alpha_ct=0.5, alpha_st=1.0) == PSDS2


@pytest.mark.parametrize("scenario", [PSDS1, PSDS2])
def test_a_perfect_detector_scores_one(scenario: Scenario) -> None:
    """Also with a recording without events."""
    recordings = {"a": made(1, 60, some_truth(1, 60)), "quiet": made(2, 60, [])}
    result = psds(recordings, LABELS, scenario)
    assert 1.0 == pytest.approx(result.value)
    assert {"dog": pytest.approx(1.0), "rain": pytest.approx(1.0)} == result.by_label


def test_false_positives_of_recordings_without_events_count() -> None:
    """Three false positives in two minutes are 90 per hour: the curve is 0 to the left of that."""
    truth: list[Annotation] = [(10.0, 12.0, "dog"), (20.0, 22.0, "rain")]
    quiet = made(2, 60, [])
    loud = quiet.scores.copy()
    loud[[100, 500, 900]] = 1.0
    recordings = {"a": made(1, 60, truth), "quiet": ScoredRecording(scores=loud, edges=quiet.edges, truth=[])}
    assert pytest.approx(0.1) == psds(recordings, LABELS, PSDS1).value


@pytest.mark.parametrize(("scenario", "miss"), [(PSDS1, 5.0), (PSDS2, 9.0)])
def test_psds_equals_the_reference_implementation(scenario: Scenario, miss: float) -> None:
    """For a poor detector, without splitting."""
    recordings = {"a": made(1, 90, some_truth(1, 90), miss), "quiet": made(2, 60, [], miss)}
    exact, *_ = intersection_based.psds(
        {name: create_score_dataframe(one.scores, one.edges, LABELS) for name, one in recordings.items()},
        {name: list(one.truth) for name, one in recordings.items()},
        {name: float(one.edges[-1]) for name, one in recordings.items()},
        dtc_threshold=scenario.dtc,
        gtc_threshold=scenario.gtc,
        cttc_threshold=scenario.cttc,
        alpha_ct=scenario.alpha_ct,
        alpha_st=scenario.alpha_st,
        max_efpr=100.0,
    )
    assert 0.05 < exact < 0.95
    assert exact == pytest.approx(psds(recordings, LABELS, scenario).value)


@pytest.mark.parametrize("miss", [0.0, 5.0])
def test_a_long_recording_is_not_split_within_an_event(miss: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event at the tenth minute stays whole, and no event is lost: PSDS1 equals that of the whole."""
    truth: list[Annotation] = [*some_truth(3, 590), (598.0, 603.0, "dog"), (1000.0, 1002.0, "rain")]
    long = {"long": made(4, 1230, truth, miss)}
    cut = psds(long, LABELS, PSDS1).value
    monkeypatch.setattr("sed.evaluation.curves._LONGEST_SECONDS", 1e9)
    assert cut == pytest.approx(psds(long, LABELS, PSDS1).value, abs=0.001)
    assert (cut == pytest.approx(1.0)) == (miss == 0.0)


def test_precision_against_recall_by_hand() -> None:
    """Dogs at 0.9, 0.5 and 0.3, false ones at 0.7 and 0.6: of 1, 4 and 5 reported, 1, 2 and 3 are right.

    So a third is found with precision 1, and two thirds with 3/5 rather than 1/2: at that threshold all are. The rain
    is found alone.
    """
    truth: list[Annotation] = [(10.0, 12.0, "dog"), (20.0, 22.0, "dog"), (25.0, 27.0, "dog"), (30.0, 32.0, "rain")]
    scores = np.full((1200, 2), 1e-3)
    said = [(10, 0.9, 0), (20, 0.5, 0), (25, 0.3, 0), (40, 0.7, 0), (50, 0.6, 0), (30, 0.9, 1)]
    for begin, score, column in said:
        scores[begin * 20 : begin * 20 + 40, column] = score
    curves = precision_recall({"a": ScoredRecording(scores=scores, edges=np.arange(1201) * FRAME, truth=truth)}, LABELS)
    points = {label: sorted(set(zip(*np.round(curve, 3).tolist(), strict=True))) for label, curve in curves.items()}
    assert {"dog": [(0.0, 1.0), (0.333, 1.0), (0.667, 0.6), (1.0, 0.6)], "rain": [(0.0, 1.0), (1.0, 1.0)]} == points
