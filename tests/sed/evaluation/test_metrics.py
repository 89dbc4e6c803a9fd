import numpy as np
import pytest
import sed_eval

from sed.data.labels import Annotation
from sed.evaluation.metrics import clip_average_precision, event_f1, intersection_f1, segment_f1

TRUTH: list[Annotation] = [(1.0, 2.0, "dog"), (4.0, 8.0, "rain"), (9.0, 9.5, "dog")]
REPORTED: list[Annotation] = [(1.15, 2.1, "dog"), (4.1, 8.7, "rain"), (9.3, 9.5, "dog"), (0.0, 0.4, "rain")]
LABELS = ["dog", "rain"]
ARGUMENTS = ({"a": REPORTED}, {"a": TRUTH}, {"a": 10.0})


def as_dicts(events: list[Annotation]) -> list[dict[str, object]]:
    """The form that sed_eval takes."""
    return [{"event_label": label, "onset": on, "offset": off, "file": "a"} for on, off, label in events]


def test_event_f1_equals_the_reference() -> None:
    """One dog within the collar, one not; rain ends within 20 % of its length, and one event is false."""
    reference = sed_eval.sound_event.EventBasedMetrics(LABELS, t_collar=0.2, percentage_of_length=0.2)
    reference.evaluate(as_dicts(TRUTH), as_dicts(REPORTED))
    theirs = {label: reference.class_wise_f_measure(label)["f_measure"] for label in LABELS}
    assert theirs == pytest.approx(event_f1(*ARGUMENTS))
    assert {"dog": 0.5, "rain": pytest.approx(2 / 3)} == event_f1(*ARGUMENTS)


def test_segment_f1_equals_the_reference() -> None:
    """Segments of one second."""
    reference = sed_eval.sound_event.SegmentBasedMetrics(LABELS, time_resolution=1.0)
    reference.evaluate(as_dicts(TRUTH), as_dicts(REPORTED), evaluated_length_seconds=10.0)
    theirs = {label: reference.class_wise_f_measure(label)["f_measure"] for label in LABELS}
    assert theirs == pytest.approx(segment_f1(*ARGUMENTS))


def test_without_truth_there_are_no_metrics() -> None:
    """Not zeros."""
    assert {} == event_f1({}, {}, {}) == segment_f1({}, {}, {}) == intersection_f1({}, {}, {})


def test_labels_not_in_the_truth_have_no_metric() -> None:
    """Even if they were reported."""
    reported: list[Annotation] = [*REPORTED, (5.0, 6.0, "cat")]
    assert event_f1(*ARGUMENTS) == event_f1({"a": reported}, {"a": TRUTH}, {"a": 10.0})


def test_intersection_f1_by_hand() -> None:
    """The first dog is found, of the second too little; rain is found, and reported once too often."""
    dog = 2 * 1 / (2 * 1 + 0 + 1)  # both reported dogs lie on dogs, one true dog is found
    rain = 2 * 1 / (2 * 1 + 1 + 0)
    assert {"dog": pytest.approx(dog), "rain": pytest.approx(rain)} == intersection_f1(*ARGUMENTS)


@pytest.mark.parametrize(("share", "expected"), [(0.49, 0.0), (0.51, 1.0)])
def test_half_of_an_event_is_enough(share: float, expected: float) -> None:
    """Of the true one, and of the reported one."""
    for reported, truth in (((0.0, 1.0), (0.0, share)), ((0.0, share), (0.0, 1.0))):
        assert {"dog": expected} == intersection_f1({"a": [(*reported, "dog")]}, {"a": [(*truth, "dog")]}, {"a": 2.0})


def test_clip_average_precision_by_hand() -> None:
    """Dogs rank first and third of three clips, the cat first."""
    scores = np.array([[0.9, 0.1], [0.6, 0.8], [0.5, 0.2]], dtype=np.float32)
    expected = {"cat": 1.0, "dog": pytest.approx(0.5 * 1 + 0.5 * 2 / 3)}
    assert expected == clip_average_precision(scores, ["dog", "cat"], [("dog",), ("cat",), ("dog",)])


def test_clips_without_labels_are_negative_examples() -> None:
    """They are ranked too; a label of all clips, or of none, has no average precision."""
    scores = np.array([[0.9, 0.1], [0.6, 0.8], [0.7, 0.2]], dtype=np.float32)
    assert {"dog": pytest.approx(0.5 + 0.5 * 2 / 3)} == clip_average_precision(
        scores, ["dog", "cat"], [("dog",), ("dog",), ()]
    )
    assert {} == clip_average_precision(scores, ["dog", "cat"], [("dog",)] * 3)
