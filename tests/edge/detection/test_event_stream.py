import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.detection.decoder import Decoder
from edge.detection.event_stream import EventStream
from edge.detection.events import Event, Onset
from edge.model.card import ClassDecoding
from edge.model.inference import Model
from edge.model.score_stream import window_of
from edge.sources.source import Block, Gap

Action = Block | Gap | str


SETTINGS = ClassDecoding(on=0.5, off=0.3, median_frames=7, shortest_frames=6, merge_frames=20)


def event_stream(model: Model, **changes: int) -> EventStream:
    """One with settings that hear all that is clear, but for the changes."""
    decoding = dict.fromkeys(model.card.labels, dataclasses.replace(SETTINGS, **changes))
    return EventStream(model, window_of(model.card), Decoder(model.card.labels, decoding))


def act(stream: EventStream, action: Action) -> list[Event]:
    """What comes of one."""
    if isinstance(action, str):
        return stream.lose()
    return stream.push(action) if isinstance(action, Block) else stream.skip(action)


def said(stream: EventStream, actions: list[Action]) -> list[Event]:
    """Everything that comes of these, to the end."""
    return [event for action in actions for event in act(stream, action)] + stream.flush()


def block(audio: NDArray[np.float32], begin: float, end: float) -> Block:
    """The demo recording between two seconds."""
    return Block(audio[round(16_000 * begin) : round(16_000 * end), None], 16_000)


def spans(events: list[Event], label: str) -> list[tuple[float, float, str]]:
    """Onset, offset in seconds and what closed it, of one label."""
    return [
        (round(e.onset_frame * 0.05, 2), round(e.offset_frame * 0.05, 2), e.closed_by)
        for e in events
        if e.label == label
    ]


def test_an_event_goes_on_after_a_gap_within_its_merge_length(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """The chainsaw of 27.0 to 31.5 s, with half a second missing, ends where it does without a gap."""
    ((_, whole_offset, _),) = spans(said(event_stream(model), [block(demo_audio, 0, 56)]), "chainsaw")
    actions = [block(demo_audio, 0, 29), Gap(0.5, "overrun"), block(demo_audio, 29.5, 56)]
    ((onset, offset, closed_by),) = spans(said(event_stream(model), actions), "chainsaw")
    assert (27.0, whole_offset, "silence") == (onset, pytest.approx(offset, abs=0.3), closed_by)
    assert 31.5 == pytest.approx(offset, abs=0.5)


@pytest.mark.parametrize("begin", [22.0, 22.02, 22.037])
def test_no_event_bridges_a_longer_gap(model: Model, demo_audio: NDArray[np.float32], begin: float) -> None:
    """Wherever it lies on the grid: the clock of 21.0 to 25.5 s is cut in two, neither of which reaches into it."""
    for seconds in (1.01, 1.3):
        actions = [block(demo_audio, 0, begin), Gap(seconds, "overrun"), block(demo_audio, begin + seconds, 56)]
        found = spans(said(event_stream(model), actions), "clock_tick")
        (*_, (onset, end, closed_by)) = (span for span in found if span[0] < begin)
        (again, offset, _) = next(span for span in found if span[0] >= begin)
        assert (pytest.approx(21.0, abs=0.25), "gap") == (onset, closed_by)
        assert begin - 0.1 <= end <= begin + 0.05
        assert begin + seconds <= again <= begin + seconds + 0.25
        assert 25.5 == pytest.approx(offset, abs=0.3)


@pytest.mark.parametrize(("seconds", "count"), [(0.2, 1), (0.51, 2), (0.7, 2)])
def test_a_merge_length_may_be_shorter_than_a_patch(
    model: Model, demo_audio: NDArray[np.float32], seconds: float, count: int
) -> None:
    """Of half a second: what is patched beyond it is not merged."""
    actions = [block(demo_audio, 0, 29.02), Gap(seconds, "overrun"), block(demo_audio, 29.02 + seconds, 56)]
    stream = event_stream(model, shortest_frames=2, merge_frames=10)
    assert count == len(spans(said(stream, actions), "chainsaw"))


def test_sounds_after_gaps_keep_their_time(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """A long gap and a short one, in quiet places: what was heard for sure is where it was."""
    whole = said(event_stream(model), [block(demo_audio, 0, 56)])
    actions: list[Action] = [
        block(demo_audio, 0, 11.513),
        Gap(2.704, "reconnect"),
        block(demo_audio, 14.217, 37.7),
        Gap(0.777, "decode"),
        block(demo_audio, 38.477, 56),
    ]
    gone = said(event_stream(model), actions)
    for events, others in ((whole, gone), (gone, whole)):
        sure = [event for event in events if event.confidence > 0.95]
        assert len(sure) >= 5
        for event in sure:
            near = [e for e in others if e.label == event.label and abs(e.onset_frame - event.onset_frame) <= 4]
            assert 1 == len(near), event


def test_after_a_long_gap_a_source_is_as_new(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """On the same grid, with the frames that it had missed counted."""
    tail = block(demo_audio, 24, 40)
    alone = said(event_stream(model), [tail])
    late = said(event_stream(model), [block(demo_audio, 0, 3), Gap(3600.0, "reconnect"), tail])
    shifted = [(e.label, e.onset_frame + 3603 * 20, e.offset_frame + 3603 * 20, e.confidence) for e in alone]
    assert shifted == [(e.label, e.onset_frame, e.offset_frame, e.confidence) for e in late[-len(alone) :]] != []


def test_a_lost_source_has_its_events_closed_at_once(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Not only once it is back."""
    stream = event_stream(model)
    stream.push(block(demo_audio, 0, 29))
    ((onset, offset, closed_by),) = spans(stream.lose(), "chainsaw")
    assert (27.0, 29.0, "gap") == (onset, pytest.approx(offset, abs=0.3), closed_by)
    assert 29 * 16_000 == stream.heard_samples


@pytest.mark.parametrize("seconds", [0.0, 0.003, 0.05, 0.98])
def test_a_source_may_be_back_within_the_frame_it_was_lost_in(
    model: Model, demo_audio: NDArray[np.float32], seconds: float
) -> None:
    """No frame comes twice, and no sound moves."""
    stream = event_stream(model)
    events = said(
        stream, [block(demo_audio, 0, 24.02), "lost", Gap(seconds, "reconnect"), block(demo_audio, 24.02 + seconds, 56)]
    )
    ((onset, _, closed_by),) = spans(events, "chainsaw")
    assert (27.0, "silence") == (pytest.approx(onset, abs=0.1), closed_by)
    assert 56 * 16_000 == stream.position_samples


def test_a_rate_may_change(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """From 16 to 48 to 44.1 kHz between blocks, the clock goes on to the sample."""
    import soxr

    parts: list[Action] = [
        Block(soxr.resample(part, 16_000, rate)[:, None], rate)
        for part, rate in zip(np.split(demo_audio, [320_000, 640_000]), (16_000, 48_000, 44_100), strict=True)
    ]
    stream = event_stream(model)
    events = said(stream, parts)
    assert 56 * 16_000 == stream.position_samples == stream.heard_samples
    assert {"dog", "rooster", "chainsaw", "helicopter"} <= {event.label for event in events}
    assert [pytest.approx(27.0, abs=0.1)] == [onset for onset, _, _ in spans(events, "chainsaw")]


def test_the_clock_does_not_drift(model: Model) -> None:
    """After thousands of gaps of a third of a second in pieces of odd length, it is right to the sample."""
    stream = event_stream(model)
    piece = Block(np.zeros((147, 1), dtype=np.float32), 44_100)
    for _ in range(300):
        for _ in range(10):
            stream.push(piece)
        stream.lose()
        stream.skip(Gap(1 / 3, "overrun"))
    assert round(300 * (1470 / 44_100 + 1 / 3) * 16_000) == stream.position_samples


@pytest.mark.parametrize("piece", [0.05, 0.37, 3.0])
def test_any_pieces_around_gaps_give_the_same(model: Model, demo_audio: NDArray[np.float32], piece: float) -> None:
    """Events, onsets and scores do not depend on how sound is cut up."""

    def everything(piece: float) -> tuple[list[Event], list[Onset], NDArray[np.float32]]:
        actions: list[Action] = []
        for gap, begin, end in ((0.0, 0.0, 11.3), (0.4, 11.7, 28.1), (2.6, 30.7, 56.0)):
            actions += [Gap(gap, "overrun")] if gap > 0 else []
            actions += [block(demo_audio, at, min(at + piece, end)) for at in np.arange(begin, end, piece)]
        stream, onsets, scores = event_stream(model), [], []
        events = []
        for action in [*actions, "end"]:
            events += stream.flush() if action == "end" else act(stream, action)
            onsets += stream.onsets
            scores += [each.scores for each in stream.scores]
        return events, onsets, np.concatenate(scores)

    (events, onsets, scores), (other_events, other_onsets, other_scores) = everything(20.0), everything(piece)
    assert events == other_events != []
    assert set(onsets) == set(other_onsets)
    assert {(event.label, event.onset_frame) for event in events} == {(o.label, o.onset_frame) for o in onsets}
    np.testing.assert_array_equal(scores, other_scores)
