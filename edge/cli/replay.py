"""`sed-replay`: kept frame scores, decoded again."""

import itertools
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.cli.decoding import chosen_decoding, chosen_labels
from edge.cli.log_sinks import opened_sinks
from edge.cli.options import (
    DECODING_OPTIONS,
    LOG_OPTIONS,
    with_options,
)
from edge.cli.settings import Threshold
from edge.detection import Decoder
from edge.log import FanOut
from edge.log.scores import load_score_files
from edge.session import replay_scores


@click.command(cls=SedCommand)
@click.argument("scores", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SCORES...")
@with_options(*DECODING_OPTIONS, *LOG_OPTIONS)
@click.version_option(package_name="sed-edge")
@click.pass_context
def replay(
    ctx: click.Context,
    scores: tuple[Path, ...],
    labels: str | None,
    thresholds: list[Threshold],
    onsets: bool,
    log_format: str | None,
    outs: tuple[str, ...],
) -> None:
    """Decode SCORES again, as sed-stream would have with these settings.

    SCORES is what sed-stream --scores was given, such as scores.npz; or some of the numbered files that it left.
    """
    files = itertools.chain.from_iterable(map(load_score_files, scores))
    first = next(files)
    card = first.card
    reported, decoding = chosen_labels(ctx, labels, card), chosen_decoding(card, thresholds)
    names = sorted({entry["record"]["source"] for entry in first.entries if "record" in entry})
    with opened_sinks(log_format, outs, card, names) as sinks:
        files = itertools.chain([first], files)
        replay_scores(files, card, lambda: Decoder(card.labels, decoding, reported), FanOut(sinks), onsets=onsets)
