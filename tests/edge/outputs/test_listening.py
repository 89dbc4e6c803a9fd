from fractions import Fraction

import numpy as np
import pytest

from edge.outputs.listening import Listening
from edge.outputs.output import Sound
from edge.sources.source import Block, Gap


def heard(listening: Listening, begin: float, end: float, *, amplitude: float = 0.5) -> None:
    """Have it hear a block each second from `begin` to `end`, processed as soon as it is there."""
    for second in np.arange(begin, end):
        block = Block(np.full((100, 2), amplitude, dtype=np.float32), 100, heard_at=second)
        listening.hear(Sound("porch", block, Fraction(second), second + 1.0))


def test_a_source_that_is_heard_all_the_time_is_covered() -> None:
    """Its coverage is 1, nothing is missing, and nothing is late."""
    listening = Listening(0.0, 60.0)
    heard(listening, 5.0, 100.0)
    assert (1.0, 0.0, 0.0) == (listening.coverage(100.0), listening.missing_seconds(100.0), listening.lag_seconds)


@pytest.mark.parametrize("gap", [True, False], ids=["gap", "hangs"])
def test_what_is_missing_lowers_the_coverage_until_it_leaves_the_window(gap: bool) -> None:
    """Whether a gap says so, or nothing comes."""
    listening = Listening(0.0, 60.0)
    heard(listening, 0.0, 60.0)
    if gap:
        listening.hear(Sound("porch", Gap(15.0, "device"), Fraction(60), 75.0))
    assert 15.0 == listening.missing_seconds(75.0)
    assert 0.75 == pytest.approx(listening.coverage(75.0), abs=0.02)
    heard(listening, 75.0, 150.0)
    assert 1.0 == pytest.approx(listening.coverage(150.0), abs=0.02)


def test_a_lost_source_is_missing_until_it_is_heard_again() -> None:
    """Before its first sound too; one that has ended is not."""
    listening = Listening(0.0, 60.0)
    assert (3.0, None) == (listening.missing_seconds(3.0), listening.coverage(3.0))
    heard(listening, 3.0, 20.0)
    listening.note({"type": "source", "state": "lost"}, 21.0)
    assert 4.0 == listening.missing_seconds(25.0)
    heard(listening, 25.0, 26.0)
    assert 0.0 == listening.missing_seconds(26.0)
    listening.note({"type": "stop", "reason": "end"}, 27.0)
    assert 0.0 == listening.missing_seconds(99.0)


def test_the_level_follows_the_sound() -> None:
    """Half of full scale is -6 dB, digital silence the least that is said."""
    listening = Listening(0.0, 60.0)
    assert listening.level_dbfs is None
    heard(listening, 0.0, 5.0)
    assert -6.02 == pytest.approx(listening.level_dbfs, abs=0.01)
    heard(listening, 5.0, 900.0, amplitude=0.0)
    assert -120.0 == listening.level_dbfs
