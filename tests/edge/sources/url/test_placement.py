from collections.abc import Iterable

import numpy as np
import pytest

from edge.sources.audio import DecodedBlock
from edge.sources.source import Block, Gap
from edge.sources.url.placement import Placement

RATE = 1000


def pieces(
    first: float, last: float, stamped_from: float | None = 0.0, rate: int = RATE
) -> list[tuple[float, DecodedBlock]]:
    """Sound from a time to a time in pieces of 0.1 s, each with its end; every sample is the time it was made at."""
    cut = []
    for number in range(round(first * 10), round(last * 10)):
        samples = (number / 10 + np.arange(rate // 10) / rate).astype(np.float32)[:, None]
        stamp = None if stamped_from is None else number / 10 - stamped_from
        cut.append((number / 10 + 0.1, DecodedBlock(samples, rate, stamp)))
    return cut


def played(placement: Placement, arriving: Iterable[tuple[float, DecodedBlock]]) -> list[Block | Gap]:
    """What becomes of pieces that arrive at those times."""
    return [item for arrived, piece in arriving for item in placement.push(piece, arrived)]


def heard(items: list[Block | Gap]) -> list[tuple[float, float] | str]:
    """What was heard from when to when, runs that go on being one, and gaps; times are checked against the sound."""
    told: list[tuple[float, float] | str] = []
    for item in items:
        if isinstance(item, Gap):
            told.append(f"{item.reason} {item.seconds:.2f}")
            continue
        assert item.heard_at is not None
        assert item.heard_at == pytest.approx(float(item.samples[0, 0]), abs=0.02)
        begin, end = round(item.heard_at, 2), round(item.heard_at + len(item.samples) / item.sample_rate, 2)
        if told and isinstance(last := told[-1], tuple) and abs(last[1] - begin) < 0.03:
            told[-1] = (last[0], end)
        else:
            told.append((begin, end))
    return told


def test_a_burst_does_not_shift_the_clock() -> None:
    """Five seconds of old sound at once, then sound as it is made."""
    placement = Placement()
    placement.connect(segmented=False)
    arriving = [(max(20.0, made) + 0.001, piece) for made, piece in pieces(15, 25)]
    items = played(placement, arriving)
    assert [(15.0, 25.0)] == heard(items)
    assert isinstance(items[0], Block)
    assert len(items[0].samples) > 5 * RATE, "what was held back comes as one block"


def test_overlap_is_cut_off_and_a_gap_is_what_was_missed() -> None:
    """The second connection begins with sound heard already, the third 2 s after the last sample."""
    placement = Placement()
    items = []
    for begin, connected, end in ((0.0, 5.0, 10.0), (7.0, 12.0, 20.0), (22.0, 22.0, 30.0)):
        placement.connect(segmented=False)
        items += played(placement, [(max(connected, made), piece) for made, piece in pieces(begin, end, begin)])
        items += placement.disconnect()
    assert [(0.0, 20.0), "reconnect 2.00", (22.0, 30.0)] == heard(items)


def test_a_connection_that_breaks_at_once_is_heard_all_the_same() -> None:
    """What was held back is placed at its end."""
    placement = Placement()
    placement.connect(segmented=False)
    assert [] == played(placement, pieces(0, 0.5))
    assert [(0.0, 0.5)] == heard(placement.disconnect())
    assert [Gap(2.5, "reconnect")] == [
        gap._replace(seconds=round(gap.seconds, 3)) for gap in placement.missing_until(3.0)
    ]
    assert [] == placement.missing_until(3.0)


def test_a_hole_in_the_stamps_is_a_gap() -> None:
    """What could not be decoded, or was lost on the way."""
    placement = Placement()
    placement.connect(segmented=False)
    assert [(0.0, 4.0), "decode 1.00", (5.0, 8.0)] == heard(played(placement, pieces(0, 4) + pieces(5, 8)))


def test_stamps_that_jump_ahead_are_not_believed() -> None:
    """Nobody can have heard a minute in a second: the same sound goes on under other stamps."""
    placement = Placement()
    placement.connect(segmented=False)
    assert [(0.0, 8.0)] == heard(played(placement, pieces(0, 4) + pieces(4, 8, stamped_from=-60.0)))


def test_another_player_is_a_gap_though_the_connection_lasts() -> None:
    """Its stamps begin anew, two seconds after the old ones ended."""
    placement = Placement()
    placement.connect(segmented=False)
    items = played(placement, pieces(0, 10) + pieces(12, 16, stamped_from=12.0))
    assert [(0.0, 10.0), "reconnect 2.00", (12.0, 16.0)] == heard(items)


@pytest.mark.parametrize("stamped", [True, False])
def test_sound_lost_in_a_stall_is_a_gap(stamped: bool) -> None:
    """A server hung for four seconds and went on with what was made then; its stamps, if any, say nothing of it."""
    placement = Placement()
    placement.connect(segmented=False)
    items = played(placement, pieces(0, 5, 0.0 if stamped else None) + pieces(9, 15, 4.0 if stamped else None))
    assert [(0.0, 5.0), "reconnect 4.00", (9.0, 15.0)] == heard(items)


def test_sound_that_was_only_late_is_no_gap() -> None:
    """After a stall of four seconds all of it comes at once."""
    placement = Placement()
    placement.connect(segmented=False)
    arriving = [(9.0 if 5 < made < 9 else made, piece) for made, piece in pieces(0, 15)]
    assert [(0.0, 15.0)] == heard(played(placement, arriving))


def test_what_comes_out_last_after_a_stall_is_left_out() -> None:
    """FFmpeg gives out the last packet when it has waited in vain: it is old."""
    placement = Placement()
    placement.connect(segmented=False)
    items = played(placement, pieces(0, 5))
    (late,) = pieces(5, 5.1)
    items += placement.push(late[1], 10.0) + placement.disconnect()
    assert [(0.0, 5.0)] == heard(items)


def test_another_rate_goes_on_at_the_same_time() -> None:
    """Of one connection."""
    placement = Placement()
    placement.connect(segmented=False)
    items = played(placement, pieces(0, 5) + pieces(5, 10, stamped_from=5.0, rate=2 * RATE))
    assert [(0.0, 10.0)] == heard(items)
    assert {RATE, 2 * RATE} == {item.sample_rate for item in items if isinstance(item, Block)}


def test_blurred_stamps_make_no_gaps() -> None:
    """Cameras stamp what they send when they get to it."""
    placement = Placement()
    placement.connect(segmented=False)
    random = np.random.default_rng(0)
    arriving = [
        (made, piece._replace(stamp=(piece.stamp or 0.0) + random.uniform(-0.04, 0.04)))
        for made, piece in pieces(0, 60)
    ]
    gaps = [item.seconds for item in played(placement, arriving) if isinstance(item, Gap)]
    assert sum(gaps) < 0.1


def segments(first: int, last: int, connected: float, late: float) -> list[tuple[float, DecodedBlock]]:
    """Segments of 2 s, each coming when it is whole and somebody asks for it."""
    return [(max(connected, 2 * -(-made // 2)) + late, piece) for made, piece in pieces(first, last)]


def test_segments_are_heard_before_they_come() -> None:
    """The last sample of one is as old as the segment is late."""
    placement = Placement()
    placement.connect(segmented=True)
    assert [(4.0, 20.0)] == heard(played(placement, segments(4, 20, connected=10.7, late=0.0)))


def test_segments_are_joined_by_their_stamps() -> None:
    """Asked for later after the server was away, they are the same segments all the same: nothing is lost or twice."""
    for first_late, second_late in ((0.0, 1.2), (1.2, 0.0)):
        placement = Placement()
        placement.connect(segmented=True)
        items = played(placement, segments(0, 20, 5.0, first_late)) + placement.disconnect()
        placement.connect(segmented=True)
        items += played(placement, segments(16, 40, 23.0, second_late))
        sound = np.concatenate([item.samples[:, 0] for item in items if isinstance(item, Block)])
        assert [] == [item for item in items if isinstance(item, Gap)]
        np.testing.assert_allclose(np.diff(sound), 1 / RATE, atol=1e-4)


def test_a_playlist_that_another_goes_on_with_is_not_heard_twice() -> None:
    """It still has segments from before the break, which end where the new ones begin, with stamps of their own."""
    placement = Placement()
    placement.connect(segmented=True)
    items = played(placement, segments(0, 20, 5.0, 0.0)) + placement.disconnect()
    placement.connect(segmented=True)
    old = [(30.5, piece) for _, piece in pieces(14, 20)]
    new = [(max(30.5, made), piece) for made, piece in segments(26, 40, 30.5, 0.0)]
    new = [(arrived, piece._replace(stamp=(piece.stamp or 0.0) - 26.0)) for arrived, piece in new]
    assert [(0.0, 20.0), "reconnect 6.00", (26.0, 40.0)] == heard(items + played(placement, old + new))


def test_segments_of_unknown_age_are_left_out() -> None:
    """Those that somebody wrote before us, and before another went on with the playlist."""
    placement = Placement()
    placement.connect(segmented=True)
    old = [(30.5, piece) for _, piece in pieces(14, 20)]
    new = [
        (arrived, piece._replace(stamp=(piece.stamp or 0.0) - 26.0)) for arrived, piece in segments(26, 40, 30.5, 0.0)
    ]
    assert [(26.0, 40.0)] == heard(played(placement, old + new))
