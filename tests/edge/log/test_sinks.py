import errno
import io
import json

import pytest

from edge.log.records import Record
from edge.log.sinks import FanOut, JsonLinesSink, MemorySink, TextSink

START: Record = {"type": "start", "source": "porch", "labels": ["dog", "rooster"], "started_at": "2026-05-01T04:30:00Z"}
EVENT: Record = {"type": "event", "source": "porch", "label": "dog", "onset": 1.25, "offset": 2.5, "confidence": 0.9}


class Failing:
    """A sink that fails with this error."""

    def __init__(self, error: OSError) -> None:
        self._error, self.tries = error, 0

    def write(self, record: Record) -> None:  # noqa: ARG002
        self.tries += 1
        raise self._error


def test_a_failing_sink_stops_neither_stream_nor_sinks(caplog: pytest.LogCaptureFixture) -> None:
    """It is told of once and left out; the others get every record."""
    before, after, failing = MemorySink(), MemorySink(), Failing(OSError(errno.ENOSPC, "No space left on device"))
    sink = FanOut([before, failing, after])
    for _ in range(3):
        sink.write(EVENT)
    assert [EVENT] * 3 == before.records == after.records
    assert (1, 1) == (failing.tries, len(caplog.messages))
    assert "No space left on device" in caplog.messages[0]


def test_the_last_sink_that_fails_ends_the_stream() -> None:
    """There is nobody left to write for."""
    sink = FanOut([Failing(OSError(errno.EIO, "one")), Failing(OSError(errno.EIO, "two"))])
    with pytest.raises(OSError, match="two"):
        sink.write(EVENT)


def test_a_reader_that_has_left_ends_the_stream() -> None:
    """Whoever comes first has the line."""
    kept = MemorySink()
    with pytest.raises(BrokenPipeError):
        FanOut([kept, Failing(BrokenPipeError())]).write(EVENT)
    assert [EVENT] == kept.records


def table(*records: Record, sources: tuple[str, ...] = ("porch",)) -> list[str]:
    """What a person sees."""
    out = io.StringIO()
    sink = TextSink(out, sources)
    for record in records:
        sink.write(record)
    return out.getvalue().splitlines()


def test_the_table_has_a_column_of_sources_where_there_are_several() -> None:
    """One header, however many sources begin; rows say whose they are, and keep to their columns."""
    barn = {"source": "barn"}
    rows = table(START, START | barn, EVENT, EVENT | barn, sources=("porch", "barn"))
    assert ["source", "onset", "offset", "label", "confidence"] == rows[0].split()
    assert [["porch"], ["barn"]] == [row.split()[:1] for row in rows[1:]]
    assert 1 == len({row.index("dog") for row in rows[1:]})
    assert ["0:00:01.250", "0:00:02.500", "dog", "0.90"] == table(START, EVENT)[1].split()


def test_the_table_copes_with_every_record() -> None:
    """Onsets before their events, what becomes of a source, sums again and again; what people need not see is left."""
    stats = {"type": "stats", "source": "porch", "audio_seconds": 60.0, "events": {"dog": 1}}
    onset = {"type": "onset", "source": "porch", "id": 1, "label": "dog", "onset": 1.25}
    state = {"type": "source", "source": "porch", "state": "lost", "detail": "connection refused"}
    gap = {"type": "gap", "source": "porch", "onset": 3.0, "offset": 4.5, "reason": "reconnect"}
    rows = table(START, state, onset, EVENT, gap, stats, stats, {"type": "stop", "source": "porch", "reason": "end"})
    assert ["(lost)", "connection", "refused"] == rows[1].split()
    assert ["0:00:01.250", "dog", "(begins)"] == rows[2].split()
    assert ["0:00:03.000", "0:00:04.500", "(gap)", "reconnect"] == rows[4].split()
    assert ["1 event in 0:01:00.000 of sound"] * 2 == rows[5:]


def test_json_lines_are_whole() -> None:
    """One object a line."""
    out = io.StringIO()
    JsonLinesSink(out).write(EVENT)
    assert EVENT == json.loads(out.getvalue())
