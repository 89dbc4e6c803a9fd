import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import SettingError
from edge.model.inference import Model
from edge.model.score_stream import ScoreStream, Window, window_of


def test_the_cards_window_is_the_default(model: Model) -> None:
    """Without a wish, the model's own numbers hold."""
    card = model.card
    assert Window(card.window_frames, card.hop_frames, card.lookahead_frames) == window_of(card)


def test_seconds_become_frames(model: Model) -> None:
    """Hops that are no exact binary fractions count too."""
    assert (100, 2, model.card.lookahead_frames) == window_of(model.card, 5.0, 0.1)


@pytest.mark.parametrize(
    ("window", "hop", "message"),
    [
        (None, 0.13, "the nearest is --hop 0.15"),
        (None, 0.01, "the nearest is --hop 0.05"),
        (None, 0.0, "expected more than 0"),
        (None, -1.0, "expected more than 0"),
        (None, float("nan"), "expected more than 0"),
        (float("inf"), 1.0, "at most 300 s"),
        (0.5, 1.0, "expected at least --window {least:g}"),
        (1.9, 1.0, "too short for a hop of 1 s and the model's lookahead of {lookahead:g} s"),
        (7.03, None, "the nearest is --window 7.05"),
    ],
)
def test_a_window_that_does_not_fit_is_refused(
    model: Model, window: float | None, hop: float | None, message: str
) -> None:
    """The error says what would fit."""
    lookahead = model.card.lookahead_frames * model.card.frame_seconds
    with pytest.raises(SettingError, match=message.format(lookahead=lookahead, least=lookahead + 1)):
        window_of(model.card, window, hop)


@pytest.mark.parametrize("samples", [0, 1, 799, 800, 801, 15_999, 16_000, 16_001, 160_000, 200_123])
def test_every_frame_is_emitted_once(model: Model, demo_audio: NDArray[np.float32], samples: int) -> None:
    """However long the source, and nothing twice."""
    stream = ScoreStream(model, window_of(model.card))
    scores = stream.push(demo_audio[:samples]) + stream.flush()
    assert -(-samples // model.card.frame_samples) == sum(len(piece) for piece in scores)


def test_frames_wait_for_their_lookahead(model: Model) -> None:
    """After n hops all frames but the lookahead's are out."""
    card = model.card
    stream = ScoreStream(model, window_of(card))
    pieces = stream.push(np.zeros(3 * card.hop_frames * card.frame_samples, dtype=np.float32))
    assert 3 * card.hop_frames - card.lookahead_frames == sum(len(piece) for piece in pieces)


def test_a_stream_can_be_used_again(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """After a flush the next source begins as the first one did."""
    stream = ScoreStream(model, window_of(model.card))
    first = stream.push(demo_audio[:50_000]) + stream.flush()
    second = stream.push(demo_audio[:50_000]) + stream.flush()
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(second))


def test_a_hop_may_change_between_steps(model: Model, demo_audio: NDArray[np.float32]) -> None:
    """Wider and back, on the head's grid or off it: every frame once, with scores close to those of one hop."""
    audio = demo_audio[: 40 * 16_000]
    stream, usual = (ScoreStream(model, window_of(model.card, hop_seconds=0.25)) for _ in range(2))
    widest, scores = model.card.window_frames - model.card.lookahead_frames, []
    for number, piece in enumerate(np.split(audio, 160)):
        stream.set_hop((5, 10, 13, widest, 1)[number // 32])
        scores += stream.push(piece)
    joined, expected = (
        np.concatenate(pieces) for pieces in (scores + stream.flush(), usual.push(audio) + usual.flush())
    )
    assert expected.shape == joined.shape
    assert np.abs(expected - joined).mean() < 0.01
    assert {5, 10, 13, widest, 1} <= {len(piece) for piece in scores}
