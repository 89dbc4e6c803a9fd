import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np

from edge.log import Record, rfc3339
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.outputs.mqtt import open_mqtt
from edge.outputs.mqtt.output import MqttOutput
from edge.outputs.output import OutputContext
from edge.outputs.threads import Outputs
from edge.sources import Block
from tests.edge.outputs.mqtt.broker import Subscriber

LABELS = ["dog", "rooster"]


class Run:
    """A run of sed-stream as its outputs see it."""

    def __init__(self, mqtt: MqttOutput) -> None:
        self.mqtt = mqtt
        self.said: list[tuple[str, Record]] = []
        self._outputs = Outputs([mqtt])
        self._outputs.start(lambda source, record: self.said.append((source, record)))

    def hear(self, source: str = "yard") -> None:
        """A tenth of a second of a tone, now."""
        samples = np.full((1600, 1), 0.1, np.float32)
        block = Block(samples, 16_000, time.monotonic() - 0.1)
        self._outputs.hear(source, block, Fraction(0), wait=False)

    def write(self, *records: Record) -> None:
        """Records of the log."""
        for record in records:
            self._outputs.write(record)

    def close(self) -> None:
        """End the run."""
        self._outputs.close()


CARD = Model(shipped_model(), "cpu").card


def context_of(sources: Iterable[str], labels: list[str], log: Path | None = None) -> OutputContext:
    """What a run of the shipped model lets its outputs know."""
    return OutputContext(card=CARD, decoding=CARD.decoding, labels=labels, sources=list(sources), log=log)


@contextmanager
def running(
    url: str,
    folder: Path,
    *,
    sources: Iterable[str] = ("yard",),
    labels: list[str] = LABELS,
    log: Path | None = None,
    **options: str,
) -> Iterator[Run]:
    """A run that hears its sources."""
    chosen = {"node": "pi", "settle": "0", **{key.replace("_", "-"): value for key, value in options.items()}}
    made = open_mqtt(url, chosen, context_of(sources, labels, log), folder)
    run = Run(made)
    for source in sources:
        run.hear(source)
    try:
        yield run
    finally:
        run.close()


def event(number: int, label: str = "dog", source: str = "yard", ago: float = 0.0) -> Record:
    """An event of a second and a half that has just ended, or so many seconds ago."""
    end = datetime.now(UTC) - timedelta(seconds=ago, milliseconds=-number)
    return {
        "type": "event",
        "source": source,
        "id": number,
        "label": label,
        "onset": float(number),
        "offset": number + 1.5,
        "onset_utc": rfc3339(end - timedelta(seconds=1.5)),
        "offset_utc": rfc3339(end),
        "confidence": 0.9,
        "closed_by": "silence",
    }


def onset(number: int, label: str = "dog", source: str = "yard") -> Record:
    """The onset of an event."""
    times = {"onset": float(number), "onset_utc": rfc3339(datetime.now(UTC))}
    return {"type": "onset", "source": source, "id": number, "label": label, **times}


def numbers(subscriber: Subscriber) -> list[int]:
    """Of the events that came, in order."""
    return [message.data["seq"] for message in subscriber.of("/event")]
