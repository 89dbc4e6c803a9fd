"""What outputs may know of the run that they belong to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.model import Card, ClassDecoding


@dataclass(frozen=True, kw_only=True)
class OutputContext:
    """What outputs may know of the run that they belong to.

    Attributes:
        card: of the model.
        decoding: label -> settings of the decoder, as chosen.
        labels: those that are reported.
        sources: their names.
        log: the file of JSON Lines that the log is written to, if there is one.
    """

    card: Card
    decoding: Mapping[str, ClassDecoding]
    labels: Sequence[str]
    sources: Sequence[str]
    log: Path | None = None
