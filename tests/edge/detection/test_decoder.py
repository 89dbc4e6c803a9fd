import numpy as np
import pytest
import scipy.ndimage
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.detection.events import Event, Onset
from edge.model.card import ClassDecoding


def settings(**changes: float) -> ClassDecoding:
    """Settings that let everything through, but for the changes."""
    values = {"on": 0.5, "off": 0.3, "median_frames": 1, "shortest_frames": 1, "merge_frames": 0}
    return ClassDecoding(**(values | changes))  # type: ignore[arg-type]  # the values are what the fields are


def decode(scores: list[float], **changes: float) -> list[tuple[int, int, str]]:
    """The events of one class, offline."""
    decoder = Decoder(["dog"], {"dog": settings(**changes)})
    events = decoder.push(np.array(scores, dtype=np.float32)[:, None]) + decoder.flush()
    return [(event.onset_frame, event.offset_frame, event.closed_by) for event in events]


def reference(scores: NDArray[np.float32], lost: NDArray[np.bool_], chosen: ClassDecoding) -> list[tuple[int, int]]:
    """The same rules written for a whole column at once."""
    smooth = scipy.ndimage.median_filter(scores, chosen.median_frames, mode="constant", cval=0.0)
    smooth[lost] = 0.0
    pieces: list[list[int]] = []
    on = False
    for frame, score in enumerate([*smooth, 0.0]):
        if not on and score >= chosen.on:
            on = True
            pieces.append([frame, frame])
        elif on and score < chosen.off:
            on = False
        if on:
            pieces[-1][1] = frame + 1
    merged: list[list[int]] = []
    for onset, offset in pieces:
        if merged and onset - merged[-1][1] <= chosen.merge_frames:
            merged[-1][1] = offset
        else:
            merged.append([onset, offset])
    return [(onset, offset) for onset, offset in merged if offset - onset >= chosen.shortest_frames]


def test_hysteresis_keeps_an_event_through_a_dip() -> None:
    """A score between off and on neither begins nor ends an event."""
    assert [(1, 4, "silence")] == decode([0.4, 0.6, 0.4, 0.6, 0.2, 0.4])


def test_event_shorter_than_shortest_is_dropped() -> None:
    """Two frames are too short for three."""
    assert [(4, 7, "silence")] == decode([0.9, 0.9, 0, 0, 0.9, 0.9, 0.9, 0], shortest_frames=3)


def test_pieces_within_the_merge_gap_are_one_event() -> None:
    """A gap of two frames is closed, one of three is not."""
    assert [(0, 4, "silence"), (7, 8, "silence")] == decode([0.9, 0, 0, 0.9, 0, 0, 0, 0.9, 0], merge_frames=2)


def test_short_pieces_may_merge_into_a_long_event() -> None:
    """Merging comes before the shortest event is asked for."""
    assert [(0, 3, "silence")] == decode([0.9, 0, 0.9, 0, 0, 0], merge_frames=1, shortest_frames=3)


def test_median_removes_a_lone_frame() -> None:
    """A frame without neighbours is no event."""
    assert [(4, 7, "silence")] == decode([0, 0.9, 0, 0, 0.9, 0.9, 0.9, 0], median_frames=3)


def test_flush_closes_an_open_event() -> None:
    """A sound that goes on at the end of the source ends there, and the log says why."""
    assert [(1, 3, "end")] == decode([0, 0.9, 0.9], median_frames=3)


def test_flush_resets() -> None:
    """After a flush a decoder is as good as new."""
    scores = np.array([[0.9], [0.9], [0.0]], dtype=np.float32)
    decoder = Decoder(["dog"], {"dog": settings(median_frames=3)})
    first = decoder.push(scores) + decoder.flush()
    assert first == decoder.push(scores) + decoder.flush() != []


def test_confidence_is_the_peak_of_the_smoothed_score() -> None:
    """A lone peak that the median removes does not count."""
    decoder = Decoder(["dog"], {"dog": settings(median_frames=3)})
    scores = np.array([0.6, 0.7, 0.99, 0.6, 0.6], dtype=np.float32)[:, None]
    (event,) = decoder.push(scores) + decoder.flush()
    assert event.confidence == pytest.approx(0.7)


def test_an_event_is_emitted_once_it_cannot_change() -> None:
    """With a merge gap of one frame, the second quiet frame settles it and not the first."""
    decoder = Decoder(["dog"], {"dog": settings(merge_frames=1)})
    pushed = [decoder.push(np.full((1, 1), score, dtype=np.float32)) for score in (0.9, 0.0, 0.0)]
    assert [0, 0, 1] == [len(events) for events in pushed]


def test_only_reported_labels_come_out() -> None:
    """A label that was not asked for makes no event."""
    decoder = Decoder(["dog", "cat"], {"dog": settings(), "cat": settings()}, report=["cat"])
    events = decoder.push(np.full((3, 2), 0.9, dtype=np.float32)) + decoder.flush()
    assert ["cat"] == [event.label for event in events]


@pytest.mark.parametrize(("lost", "events"), [(2, [(0, 8)]), (3, [(0, 3), (6, 9)])])
def test_no_event_bridges_more_than_the_merge_gap(lost: int, events: list[tuple[int, int]]) -> None:
    """Of frames that nobody heard, whatever their scores, and whatever the median makes of them."""
    decoder = Decoder(["dog"], {"dog": settings(median_frames=5, merge_frames=2)})
    scores = np.full((6 + lost, 1), 0.9, dtype=np.float32)
    mask = np.array([False] * 3 + [True] * lost + [False] * 3)
    found = [e for frame, gone in zip(scores, mask, strict=True) for e in decoder.push(frame[None], gone[None])]
    assert events == [(event.onset_frame, event.offset_frame) for event in found + decoder.flush()]


def test_frames_count_on_after_a_reset() -> None:
    """From the number that it is given, beyond any that a short integer holds."""
    decoder = Decoder(["dog"], {"dog": settings(median_frames=3)})
    decoder.reset(10**12)
    (event,) = decoder.push(np.full((3, 1), 0.9, dtype=np.float32)) + decoder.flush("gap")
    assert (10**12, 10**12 + 3, "gap") == (event.onset_frame, event.offset_frame, event.closed_by)


def test_an_onset_is_told_once_it_is_certain() -> None:
    """In the frame with which the event is long enough, a dip that is merged included; then not again."""
    decoder = Decoder(["dog"], {"dog": settings(shortest_frames=4, merge_frames=2)})
    told = []
    for score in (0.0, 0.9, 0.9, 0.0, 0.9, 0.9, 0.0, 0.9, 0.0, 0.0, 0.0, 0.9, 0.0):
        decoder.push(np.full((1, 1), score, dtype=np.float32))
        told.append(decoder.onsets)
    assert [[]] * 4 + [[Onset(label="dog", onset_frame=1)]] + [[]] * 8 == told


@pytest.mark.parametrize("seed", range(20))
def test_any_chunking_equals_the_reference(seed: int) -> None:
    """Whatever pieces the scores come in, events are those of the slow rules, each with its onset told before."""
    rng = np.random.default_rng(seed)
    labels = ["a", "b", "c"]
    chosen = {
        label: settings(
            median_frames=int(rng.choice([1, 3, 7, 15])),
            shortest_frames=int(rng.integers(1, 6)),
            merge_frames=int(rng.integers(0, 6)),
        )
        for label in labels
    }
    steps = rng.standard_normal((400, 3)).cumsum(axis=0) * 0.15
    scores = (0.5 + 0.5 * np.sin(steps)).astype(np.float32)
    decoder = Decoder(labels, chosen)
    events: list[Event] = []
    onsets: list[Onset] = []
    lost = np.repeat(rng.random(40) < 0.1, 10)
    cuts = np.sort(rng.integers(0, 400, 30))
    for piece, gone in zip(np.split(scores, cuts), np.split(lost, cuts), strict=True):
        events += decoder.push(piece, gone)
        onsets += decoder.onsets
    events += decoder.flush()
    onsets += decoder.onsets
    for column, label in enumerate(labels):
        found = [(event.onset_frame, event.offset_frame) for event in events if event.label == label]
        assert reference(scores[:, column], lost, chosen[label]) == found
        assert [onset for onset, _ in found] == [onset.onset_frame for onset in onsets if onset.label == label]
    assert len(events) > 0
