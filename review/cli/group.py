"""`sed-review`: a page to review clips on, and what becomes of the reviews."""

import getpass
import threading
from pathlib import Path

import click

from edge.cli.command_line import SedCommand
from edge.errors import SettingError
from review.export import FORMATS
from review.export import export as write_examples
from review.queue import Desk
from review.store import KeptScores

_FOLDERS = click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR...")


class _Group(click.Group):
    """Where no part is named, `page` is meant."""

    command_class = SedCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "--version"):
            args = ["page", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
@click.version_option(package_name="sed-edge")
def review() -> None:
    """Say of the clips in DIR... what is right and what is wrong, and make training data of it.

    sed-review DIR... is short for sed-review page DIR...; see sed-review page --help.
    """


@review.command("page")
@_FOLDERS
@click.option(
    "--page",
    "address",
    default="127.0.0.1:8081",
    show_default=True,
    metavar="HOST:PORT",
    help="Where the page is served; port 0 takes a free one.",
)
@click.option(
    "--page-token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With a token that browsers must give as password; needed where other machines reach the page.",
)
@click.option("--page-name", "names", multiple=True, metavar="NAME", help="By which browsers call this machine.")
@click.option(
    "--scores",
    "scores",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="What sed-stream --scores was given: shown below each clip that it has the scores of. May be repeated.",
)
@click.option("--reviewer", metavar="NAME", help="That reviews are signed with.  [default: your login]")
@click.option("--labels", default="", metavar="A,B", help="That may be given beside those of the clips.")
def page_command(
    folders: tuple[Path, ...],
    address: str,
    page_token_file: Path | None,
    names: tuple[str, ...],
    scores: tuple[Path, ...],
    reviewer: str | None,
    labels: str,
) -> None:
    """Serve a page on which the clips in DIR... (of sed-stream --clips) are reviewed, until Ctrl-C.

    Each verdict is appended to DIR/reviews.jsonl; clips are never changed.
    """
    from edge.outputs.web import Access, WebServer
    from review.page import make_app

    access = Access.of("--page", address, page_token_file, names)
    given = [label.strip() for label in labels.split(",") if label.strip()]
    desk = Desk(folders, _login() if reviewer is None else reviewer, given)
    server = WebServer("--page", make_app(desk, KeptScores(scores)), access, writes=True)
    server.start()
    progress = desk.progress()
    clips, reviewed = (sum(getattr(one, name) for one in progress) for name in ("clips", "reviewed"))
    host = f"[{access.host}]" if ":" in access.host else access.host
    click.echo(f"{clips} clips, {reviewed} reviewed: http://{host}:{server.port}/ (Ctrl-C ends)", err=True)
    try:
        threading.Event().wait()
    finally:
        server.close()


@review.command("export")
@_FOLDERS
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="To write to; new.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="train",
    show_default=True,
    help="train is what sed-train --data reads; the others are for Raven, Audacity and perch-hoplite.",
)
def export_command(folders: tuple[Path, ...], out: Path, form: str) -> None:
    """Write what reviewers confirmed in DIR... to FOLDER: sound, and labels with borders.

    What was wrong becomes a sound without an event. With --format train, days are parted into folds: a day is either
    trained on or held out.
    """
    summary = write_examples(folders, out, form)
    click.echo(f"{out}: {summary}", err=True)
    if form == "train":
        click.echo(f"next: sed-train RECIPE.toml --data {out} --check-data", err=True)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError) as exc:
        raise SettingError("who reviews is not known; give --reviewer NAME") from exc
