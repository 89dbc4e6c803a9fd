import threading
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

import edge.outputs.threads
from edge.log.records import Record
from edge.outputs.output import Output, Sound
from edge.outputs.threads import Outputs
from edge.sources.source import Block

EVENT = {"type": "event", "source": "porch", "label": "dog"}
BLOCK = Block(np.zeros((16_000, 1), dtype=np.float32), 16_000)


class Kept(Output):
    """An output that keeps what it receives, once it may."""

    name, hears = "kept", True

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()
        self.items: list[Record | Sound] = []

    def write(self, record: Record) -> None:
        self.go_on.wait()
        self.items.append(record)

    def hear(self, sound: Sound) -> None:
        self.go_on.wait()
        self.items.append(sound)


class Broken(Output):
    """An output that fails at every record."""

    name = "broken"

    def write(self, record: Record) -> None:  # noqa: ARG002  # whatever it says
        raise ValueError("no such topic")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses are said at each tick."""
    monkeypatch.setattr(edge.outputs.threads, "_SAY_SECONDS", 0.0)


class Said:
    """The records that outputs wrote to the log, without the time."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def say(self, source: str, record: Record) -> None:
        assert record.pop("at_utc").endswith("Z")
        self.records.append({"source": source} | record)


def seconds_of(call: Callable[[], None]) -> float:
    """How long a call takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_records_and_sound_arrive_in_their_order() -> None:
    """A record comes after the sound that it is about."""
    kept, outputs = Kept(), None
    kept.go_on.set()
    outputs = Outputs([kept])
    outputs.start(Said().say)
    outputs.hear("porch", BLOCK, Fraction(0), wait=False)
    outputs.write(EVENT)
    outputs.hear("porch", BLOCK, Fraction(1), wait=False)
    outputs.close()
    assert [("porch", 0), "event", ("porch", 1)] == [
        (item.source, item.begin_seconds) if isinstance(item, Sound) else item["type"] for item in kept.items
    ]


def test_what_finds_a_full_queue_is_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records beyond the queue and the sound beyond its bytes are lost; the first ones are not."""
    monkeypatch.setattr(edge.outputs.threads, "_MOST_RECORDS", 2)
    monkeypatch.setattr(edge.outputs.threads, "_MOST_SOUND_BYTES", BLOCK.samples.nbytes)
    kept, said = Kept(), Said()
    outputs = Outputs([kept])
    for second in range(3):  # before its thread runs, so that nothing is taken from the queue
        outputs.hear("porch", BLOCK, Fraction(second), wait=False)
        outputs.write(EVENT)
    kept.go_on.set()
    outputs.start(said.say)
    outputs.close()
    assert [Fraction(0)] == [item.begin_seconds for item in kept.items if isinstance(item, Sound)]
    loss = {"source": "porch", "type": "output", "output": "kept", "reason": "cannot keep up"}
    assert [loss | {"lost": "seconds", "count": 2.0}, loss | {"lost": "records", "count": 1}] == said.records
    assert {("porch", "seconds"): 2.0, ("porch", "records"): 1} == kept.lost


def test_a_file_waits_for_room_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that is not live is held up until the output has taken what waits."""
    monkeypatch.setattr(edge.outputs.threads, "_MOST_SOUND_BYTES", BLOCK.samples.nbytes)
    kept = Kept()
    kept.go_on.set()
    outputs = Outputs([kept])
    outputs.start(Said().say)
    for second in range(10):
        outputs.hear("file", BLOCK, Fraction(second), wait=True)
    outputs.close()
    assert list(map(Fraction, range(10))) == [item.begin_seconds for item in kept.items if isinstance(item, Sound)]
    assert {} == kept.lost


def test_an_output_that_fails_leaves_the_others_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Its records are counted as lost, it is warned of, and it is asked again with the next one."""
    kept, broken, said = Kept(), Broken(), Said()
    kept.go_on.set()
    outputs = Outputs([broken, kept])
    outputs.start(said.say)
    outputs.write(EVENT)
    outputs.write(EVENT)
    outputs.close()
    assert [EVENT, EVENT] == kept.items
    assert {("porch", "records"): 2} == broken.lost
    assert "output broken: no such topic" in caplog.messages
    assert 2 == sum(record["count"] for record in said.records)


def test_an_output_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Neither records nor the end of the run wait for it."""
    monkeypatch.setattr(edge.outputs.threads, "_CLOSE_SECONDS", 0.05)
    hung = Kept()
    outputs = Outputs([hung])
    outputs.start(Said().say)
    for _ in range(100):
        outputs.write(EVENT)
    outputs.close()
    assert [] == hung.items
    assert caplog.messages[0].startswith("output kept: did not end in time; ")
    hung.go_on.set()


def test_a_patient_output_gets_all_in_order() -> None:
    """Once a second; sooner where half of its queue is full, and at the end."""
    output, outputs = (kept := Kept()), Outputs([kept])
    output.is_patient = True
    output.go_on.set()
    outputs.start(lambda *_: None)
    for number in range(6_000):
        outputs.write(EVENT | {"id": number})
    outputs.hear("porch", BLOCK, Fraction(0), wait=False)
    outputs.close()
    records = [item for item in output.items if isinstance(item, dict)]
    assert (list(range(6_000)), 6_001) == ([record["id"] for record in records], len(output.items))
