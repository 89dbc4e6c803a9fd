"""What outputs may know of the run that they belong to."""

from collections.abc import Callable, Mapping, Sequence
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
        begun: names of the sources that begin with the run: those that are heard one after another are not among them.
        log_failure: says why a file of the log cannot be written now, if so.
        log: the file of JSON Lines that the log is written to, if there is one.
    """

    card: Card
    decoding: Mapping[str, ClassDecoding]
    labels: Sequence[str]
    sources: Sequence[str]
    begun: Sequence[str] = ()
    log_failure: Callable[[], str | None] = lambda: None
    log: Path | None = None
