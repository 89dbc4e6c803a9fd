import time
from datetime import UTC, datetime

import pytest

from edge.log.timeline import Timeline


def test_time_of_day_follows_the_beginning() -> None:
    """After half a year it is right to the millisecond."""
    timeline = Timeline(16_000, datetime(2026, 1, 1, tzinfo=UTC))
    assert "2026-07-01T00:00:00.500Z" == timeline.utc(181 * 86_400 * 16_000 + 8_000)


def test_without_a_beginning_there_is_no_time_of_day() -> None:
    """Until somebody says when a sample was heard."""
    timeline = Timeline(16_000)
    assert (False, None) == (timeline.has_utc, timeline.heard_at(0))
    timeline.observe(0, 100.0)
    assert (True, 101.5) == (timeline.has_utc, timeline.heard_at(24_000))


def test_the_newest_observation_counts() -> None:
    """The source's clock runs too fast by a hundredth: what was heard last is right, whatever the beginning says."""
    timeline = Timeline(16_000)
    for second in range(100):
        timeline.observe(second * 16_160, 50.0 + second)
    assert 149.0 == timeline.heard_at(99 * 16_160)
    assert 1e4 == pytest.approx(timeline.drift_ppm)


def test_a_clock_that_is_set_leaves_no_later_event_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a Raspberry Pi, an hour after boot."""
    timeline = Timeline(16_000)
    timeline.observe(0, time.monotonic())
    before = datetime.fromisoformat(timeline.utc(0))
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600.0)
    after = datetime.fromisoformat(timeline.utc(0))
    assert 3600.0 == pytest.approx((after - before).total_seconds(), abs=0.1)


def test_drift_is_that_of_the_last_hour() -> None:
    """A source that is 50 ppm fast for two hours and then is not; nothing is said in the first minute."""
    timeline = Timeline(16_000)
    timeline.observe(0, 0.0)
    timeline.observe(16_000 * 59, 59.0)
    assert timeline.drift_ppm is None
    samples = 0.0
    for minute in range(4 * 60):
        timeline.observe(round(samples), 60.0 * minute)
        samples += 16_000 * 60 * (1.00005 if minute < 120 else 1.0)
        if minute == 100:
            assert 50.0 == pytest.approx(timeline.drift_ppm, abs=0.1)
    assert 0.0 == pytest.approx(timeline.drift_ppm, abs=0.1)
