"""`sed-scan SOURCE... --out DESTINATION`: an archive -> one table of events."""

import hashlib
import itertools
import logging
import time
from pathlib import Path
from typing import Any

import click

from edge.cli.command_line import SedCommand
from edge.cli.decoding import chosen_decoding, chosen_labels
from edge.cli.options import DECODING_OPTIONS, MODEL_FILE, WINDOW_OPTIONS, with_options
from edge.cli.settings import Threshold
from edge.errors import SettingError
from edge.model import Model, shipped_model, window_of
from edge.sources import ChannelChoice, Zone
from scan.archive import HOW, Folder, archive_files
from scan.cluster import Engine, Scan, ScanSettings, list_files
from scan.errors import ScanError
from scan.table import MODEL, locked, make_description, require_usable, summarise, summary_text, write_description

_log = logging.getLogger(__name__)


@click.command(cls=SedCommand)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--out", required=True, metavar="DESTINATION", help="Folder of the table: a path or a URL (s3://...).")
@click.option(
    "--model", "model_path", type=MODEL_FILE, metavar="NAME|FILE", help="Shipped model or file.  [default: esc10]"
)
@with_options(*WINDOW_OPTIONS, *DECODING_OPTIONS)
@click.option("--channel", default="mix", show_default=True, metavar="mix|N", help="Channel to process.")
@click.option(
    "--started-at",
    type=click.Choice(HOW),
    default="auto",
    show_default=True,
    help="Where times of day are looked for; auto is metadata and, where that says nothing, the name.",
)
@click.option("--timezone", metavar="ZONE", help="Of times that were written without one.  [default: UTC]")
@click.option(
    "--part",
    "part_seconds",
    type=click.FloatRange(min=0),
    default=1800.0,
    show_default=True,
    metavar="S",
    help="Length of the parts that long recordings (WAVE, FLAC) are split into; 0 splits none.",
)
@click.option("--scores", "keep_scores", is_flag=True, help="Keep frame scores for sed-replay.  [default: events only]")
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="Processes.  [default: one a processor]")
@click.option("--gpus", type=click.IntRange(min=0), default=0, show_default=True, help="GPUs, one a worker.")
@click.option("--address", metavar="ADDRESS", help="Of a Ray cluster, such as auto.  [default: this machine]")
@click.option(
    "--time-limit",
    "time_limit_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    metavar="S",
    help="For one file, or one part of it.",
)
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on where a run before ended.")
@click.option(
    "--retry-failed", is_flag=True, help="Process files again whose row is an error.  [default: keep the row]"
)
@click.option("--dry-run", is_flag=True, help="Say how many files, hours and processor hours there are, and end.")
@click.version_option(package_name="sed-edge")
@click.pass_context
def scan(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    out: str,
    model_path: Path | None,
    hop: float | None,
    window: float | None,
    labels: str | None,
    thresholds: list[Threshold],
    workers: int | None,
    gpus: int,
    address: str | None,
    resume: bool,
    retry_failed: bool,
    dry_run: bool,
    **values: Any,
) -> None:
    """Write the events of all recordings in SOURCE... into one table, with a row for every file.

    A SOURCE is a folder, a glob, an audio file, or a manifest (.parquet or .csv with a column path), on a disk or a
    filesystem that fsspec knows (s3://, gs://, abfs://). The same command again goes on where it ended.
    """
    logging.getLogger("scan").setLevel(logging.INFO)
    path = shipped_model() if model_path is None else model_path
    model = Model(path, "cpu")
    zone = Zone(values["timezone"])
    if ChannelChoice(values["channel"], "any source") and values["channel"] == "best":
        raise SettingError("--channel best: depends on what came before, expected mix or the number of a channel")
    settings = ScanSettings(
        destination=out,
        run=f"{time.time_ns() // 1_000_000:013d}",
        model_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
        model_id=model.card.model_id,
        window=window_of(model.card, window, hop),
        decoding=chosen_decoding(model.card, thresholds),
        labels=chosen_labels(ctx, labels, model.card),
        provider="cuda" if gpus else "cpu",
        **values,
    )
    if dry_run:
        from scan.cli.dry_run import estimate

        click.echo(estimate(archive_files(sources, zone), settings, model, workers))
        return
    folder = Folder(out)
    description = make_description(settings.model_id, settings.hash, settings.described(), sources)
    if require_usable(folder, description) and not resume:
        raise ScanError(f"{out}: has rows of a run before; leave out --no-resume, or give another --out")
    files = archive_files(sources, zone)
    first = list(itertools.islice(files, 1))  # before anything is written
    with locked(folder):
        write_description(folder, description)
        folder.write(MODEL, path.read_bytes())  # for workers on other machines
        manifest, done = list_files(folder, itertools.chain(first, files), retry_failed)
        if not done.all():
            with Engine(settings, workers, address, gpus) as engine:
                outcome = Scan(settings, engine, folder).run(manifest, done)
            speed = outcome.seconds / max(outcome.took_seconds, 1e-3)
            _log.info(
                "%.2f h of sound in %.0f s, %.0f times real time", outcome.seconds / 3600, outcome.took_seconds, speed
            )
        click.echo(summary_text(summarise(folder)), err=True)
