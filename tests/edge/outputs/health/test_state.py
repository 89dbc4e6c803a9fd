from fractions import Fraction

import numpy as np
import pytest

from edge.errors import SettingError
from edge.outputs.health.state import HealthState, Limits, Problem
from edge.outputs.output import OutputState, Sound
from edge.sources.source import Block


def state(limits: Limits | None = None, **more: str | None) -> HealthState:
    """Of a run that began at 0 with two sources."""
    states = [OutputState("clips", True, more.get("clips"), {}, 0), OutputState("mqtt", False, "away", {}, 0)]
    limits = Limits() if limits is None else limits
    return HealthState(["porch", "yard"], limits, lambda: more.get("log"), lambda: states, 0.0)


def hear(run: HealthState, source: str, begin: int, end: int, late: float = 0.0) -> None:
    """Have it hear a source from one second to another, each second processed so much later."""
    for second in range(begin, end):
        block = Block(np.zeros((8000, 1), dtype=np.float32), 8000, heard_at=float(second))
        run.hear(Sound(source, block, Fraction(second), second + 1.0 + late))


def test_all_is_well_while_all_is_heard() -> None:
    """And it is ready with the first sound."""
    run = state()
    assert not run.is_ready
    hear(run, "porch", 0, 100)
    hear(run, "yard", 0, 100)
    assert run.is_ready
    assert [] == run.problems(100.0)
    assert 1.0 == run.coverage(100.0)


def test_a_source_that_never_came_is_a_problem() -> None:
    """As one is that hangs; one that has ended is none, unless it failed."""
    run = state(Limits(coverage=0.1))
    hear(run, "porch", 0, 100)
    assert [Problem("lost", "yard", "nothing was heard for 100 s")] == run.problems(100.0)
    run.note({"type": "stop", "source": "yard", "reason": "error"}, 101.0)
    assert [Problem("ended", "yard", "ended with an error")] == run.problems(101.0)
    run.note({"type": "stop", "source": "porch", "reason": "end"}, 101.0)
    assert ["yard"] == [problem.source for problem in run.problems(500.0)]


def test_gaps_and_lag_are_problems_until_they_are_over() -> None:
    """A minute is missing of the last five."""
    run = state()
    hear(run, "porch", 0, 240, late=12.0)
    hear(run, "yard", 0, 100)
    hear(run, "yard", 160, 252)
    problems = run.problems(252.0)
    assert [("lag", "porch"), ("coverage", "yard")] == [problem[:2] for problem in problems]
    hear(run, "porch", 240, 600)
    hear(run, "yard", 252, 600)
    assert [] == run.problems(600.0)


def test_what_cannot_be_written_is_a_problem() -> None:
    """The log and clips, with their reasons; a broker that is away is none."""
    run = state(log="No space left on device", clips="the quota is full")
    assert [Problem("log", "", "No space left on device"), Problem("clips", "", "the quota is full")] == run.problems(
        1.0
    )


@pytest.mark.parametrize("said", [{"lost": "soon"}, {"coverage": "95"}, {"lag": "0"}, {"lots": "1"}])
def test_limits_that_mean_nothing_are_refused(said: dict[str, str]) -> None:
    """With what was expected."""
    with pytest.raises(SettingError, match=r"^--health-option.*(expected|did you mean)"):
        Limits.parse(said)
