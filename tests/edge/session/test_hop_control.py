import threading
import time
from datetime import datetime

import pytest

from edge.log.records import Record
from edge.model.inference import Model
from edge.session.hop_control import HopControl
from edge.sources.source import FileSource
from tests.conftest import DEMO
from tests.edge.session.running import Slow, StoppingSink, heard, of_type


def run(control: HopControl, queued: float, step: float, begin: float, end: float) -> list[int]:
    """The factors that it takes in turn, asked ten times a second."""
    factors = []
    for tenth in range(round(10 * begin), round(10 * end)):
        if control.update(queued, step, tenth / 10):
            factors.append(control.factor)
    return factors


def test_a_hop_doubles_while_sound_waits() -> None:
    """After two hops each time, up to what the window allows."""
    control = HopControl(1.0, 9)
    assert [] == run(control, 2.5, 1.5, 0.0, 2.0)
    assert [2, 4, 8] == run(control, 2.5, 1.5, 2.0, 60.0)


def test_a_burst_is_no_overload() -> None:
    """Five seconds of old sound, worked off in less than two hops."""
    control = HopControl(1.0, 9)
    assert [] == run(control, 5.0, 0.1, 0.0, 1.9) + run(control, 0.1, 0.1, 1.9, 4.0) + run(control, 5.0, 0.1, 4.0, 5.9)


def test_a_hop_is_halved_once_half_of_it_would_do() -> None:
    """A step of a second and a half fits a hop of two seconds and not one of one second."""
    control = HopControl(1.0, 9)
    run(control, 3.0, 1.5, 0.0, 4.5)
    assert 4 == control.factor
    assert [2] == run(control, 0.0, 1.5, 4.5, 100.0)
    assert [1] == run(control, 0.0, 0.5, 100.0, 200.0)


def test_a_window_without_room_leaves_the_hop_alone() -> None:
    """There is nothing to widen."""
    assert [] == run(HopControl(1.0, 1), 10.0, 2.0, 0.0, 60.0)


@pytest.mark.realtime
def test_a_slow_model_gets_a_wider_hop_before_anything_is_lost(model: Model) -> None:
    """It is told of, and again when the hop is what it was; every event is there."""
    slow = Slow(model, 0.2)  # for a hop of 0.1 s

    def relieved(record: Record) -> bool:
        if record.get("detail") == "hop 0.4 s":
            slow.seconds = 0.0
        return record.get("state") == "steady"

    kept = StoppingSink(relieved)
    log = heard(slow, FileSource(str(DEMO), realtime=True), hop=0.1, kept=kept, stopping=kept.stopping)
    details = [(record["state"], record["detail"]) for record in of_type(log, "source")]
    assert [("slow", "hop 0.2 s"), ("slow", "hop 0.4 s")] == details[:2]
    assert ("steady", "hop 0.1 s") == details[-1]
    assert [] == of_type(log, "gap")


@pytest.mark.realtime
def test_what_a_slow_model_misses_is_accounted_for(model: Model) -> None:
    """With sound of a second that may wait: audio and gaps together are the time that went by."""
    stopping, stopped_at = threading.Event(), []
    timer = threading.Timer(5.0, lambda: (stopped_at.append(time.time()), stopping.set()))
    timer.start()
    source = FileSource(str(DEMO), realtime=True)
    log = heard(Slow(model, 1.5), source, hop=0.5, stopping=stopping, queue_seconds=1.0)
    stats, gaps = log[-2], of_type(log, "gap")
    assert {"overrun"} == {gap["reason"] for gap in gaps}
    seconds = stopped_at[0] - datetime.fromisoformat(log[0]["started_at"]).timestamp()
    assert seconds == pytest.approx(stats["audio_seconds"] + stats["gap_seconds"], abs=0.2)
    assert stats["gap_seconds"] == pytest.approx(sum(gap["offset"] - gap["onset"] for gap in gaps), abs=0.01)
