"""The options of the runtime's commands, by what they are about; some commands share them."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge.cli.settings import KeyValueOption, StartOption, TablesOption, ThresholdOption
from edge.model import PROVIDERS, shipped_models


class ModelType(click.Path):
    """A model file, or the name of a shipped model."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.Path.convert`."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        return path if path.is_file() else shipped_models().get(str(path), path)  # what is neither, Model refuses


MODEL_FILE = ModelType()


def threads_option(text: str) -> Callable[[Any], Any]:
    """`--threads`, with this help."""
    return click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True, metavar="N", help=text)


SOUND_OPTIONS = (
    click.option(
        "--option",
        "options",
        multiple=True,
        metavar="KEY=VALUE",
        help="Option of FFmpeg's for every URL, such as ca_file=FILE; may be repeated.  [default: none]",
    ),
    click.option(
        "--pcm",
        metavar="FORMAT:HZ:CHANNELS",
        help="What comes on stdin is bare samples, such as s16le:48000:1.  [default: a WAV or another container]",
    ),
    click.option(
        "--channel",
        default="mix",
        show_default=True,
        metavar="mix|best|N",
        help="Channel of each SOURCE to use: all of them mixed, the one whose level varies most, or number N.",
    ),
    click.option(
        "--track",
        default="default",
        show_default=True,
        metavar="N|LANGUAGE",
        help="Sound track of sources with several: the one marked as default, number N, or a language such as eng.",
    ),
)
SOURCE_OPTIONS = (
    click.option(
        "--list-devices", is_flag=True, help="Print the microphones of this machine, and end.  [default: listen]"
    ),
    click.option("--json", "as_json", is_flag=True, help="Print them as JSON.  [default: as a table]"),
    click.option(
        "--name",
        "named",
        multiple=True,
        metavar="NAME=SOURCE",
        help="One more SOURCE, called NAME in the log; may be repeated.  [default: a SOURCE is called what it is]",
    ),
    click.option("--once", is_flag=True, help="End where a stream ends.  [default: connect to it again]"),
    click.option("--realtime", is_flag=True, help="Play files at their own pace.  [default: as fast as it goes]"),
    click.option(
        "--live",
        is_flag=True,
        help="The sound on stdin is live: its times are those of the clock, pauses are gaps.  [default: as a file's]",
    ),
    click.option("--duration", type=float, metavar="S", help="Seconds of each SOURCE to use.  [default: all]"),
    click.option(
        "--started-at",
        cls=StartOption,
        help="When files began: a TIME (ISO 8601), or the one in their name or metadata, as recorders write it; "
        "NAME=TIME for one of several, may be repeated.  [default: none]",
    ),
    click.option(
        "--timezone",
        metavar="ZONE",
        help="Of times that were written without one: a name such as Europe/Berlin, or +02:00.  [default: UTC]",
    ),
)
MODEL_OPTIONS = (
    click.option(
        "--model", "model_path", type=MODEL_FILE, metavar="NAME|FILE", help="Shipped model or file.  [default: esc10]"
    ),
    click.option(
        "--provider",
        type=click.Choice(PROVIDERS),
        default="auto",
        show_default=True,
        help="What runs the model; auto uses CUDA where it is available, cuda ends with an error where it is not.",
    ),
    threads_option("Threads that one step of the model may use."),
)
WINDOW_OPTIONS = (
    click.option(
        "--hop", type=float, metavar="S", help="Seconds by which the window advances.  [default: the model's]"
    ),
    click.option(
        "--window", type=float, metavar="S", help="Seconds that the model sees at once.  [default: the model's]"
    ),
)
DECODING_OPTIONS = (
    click.option("--labels", metavar="A,B", help="Report only these labels or groups of them.  [default: the model's]"),
    click.option(
        "--threshold",
        "thresholds",
        cls=ThresholdOption,
        help="Score, between 0 and 1, at which an event begins; may be repeated.  [default: the model's]",
    ),
)
LOG_OPTIONS = (
    click.option(
        "--onsets", is_flag=True, help="Write onsets too, as soon as they are certain.  [default: whole events only]"
    ),
    click.option(
        "--format",
        "log_format",
        type=click.Choice(["jsonl", "text"]),
        help="Log as JSON Lines or as a table.  [default: text on a terminal, else jsonl]",
    ),
    click.option(
        "--out",
        "outs",
        multiple=True,
        metavar="PATH",
        help="Append the log to a file too: .jsonl, .csv, .txt (Audacity), .selections.txt (Raven), .tsv (DESED), or "
        "FORMAT:PATH; may be repeated.  [default: stdout only]",
    ),
)
RUN_OPTIONS = (
    click.option(
        "--processes",
        type=click.IntRange(1, 256),
        default=1,
        show_default=True,
        metavar="N",
        help="Processes that the sources are spread over; one for each core suits hundreds of sources.",
    ),
    click.option(
        "--durable",
        is_flag=True,
        help="Have each line of --out on the disk before it is seen on stdout.  [default: leave it to the system]",
    ),
    click.option(
        "--rotate",
        metavar="SIZE|day",
        help="Begin a new file of --out at a size, such as 100MB, or with each day (UTC).  [default: never]",
    ),
    click.option(
        "--scores",
        "scores_path",
        type=click.Path(path_type=Path),
        help="Keep the scores of all frames for sed-replay, in numbered files: scores.npz becomes scores.000001.npz; "
        "or .parquet.  [default: none]",
    ),
    click.option(
        "--stats-every",
        type=float,
        metavar="S",
        help="Seconds between lines of figures; 0 for one at the end only.  [default: 3600 for what is live, else 0]",
    ),
)
OUTPUT_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--clips",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Save the sound of each event there, with a JSON file beside it.  [default: none]",
    ),
    click.option(
        "--clip-option",
        cls=KeyValueOption,
        help="Setting of clips, such as pre=2 or quota=5GB; may be repeated.  [default: see docs/operations.md]",
    ),
    click.option(
        "--clip-pictures", is_flag=True, help="Draw a spectrogram beside each clip, too.  [default: sound only]"
    ),
    click.option(
        "--health",
        metavar="HOST:PORT",
        help="Serve /metrics, /livez, /readyz and /healthz there, such as on 127.0.0.1:9464.  [default: none]",
    ),
    click.option(
        "--health-option",
        cls=KeyValueOption,
        help="Limit of health: lost=60, coverage=0.95 or lag=10; may be repeated.  [default: these]",
    ),
    click.option(
        "--mqtt",
        metavar="URL",
        help="Publish to this MQTT broker, and announce to Home Assistant: mqtt://USER@HOST:PORT/PREFIX, or mqtts.  "
        "[default: none]",
    ),
    click.option(
        "--mqtt-option",
        cls=KeyValueOption,
        help="Setting of MQTT, such as node=porch or ca=FILE; may be repeated.  [default: see docs/operations.md]",
    ),
    click.option(
        "--page",
        metavar="HOST:PORT",
        help="Serve a page there that shows what is heard, such as on 127.0.0.1:8080.  [default: none]",
    ),
    click.option(
        "--page-token-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="File with the token that the page asks for, needed where other machines reach it.  [default: none]",
    ),
    click.option(
        "--page-name",
        multiple=True,
        metavar="NAME",
        help="Name by which browsers may call this machine; may be repeated.  [default: its addresses and host name]",
    ),
    click.option(
        "--notify",
        cls=TablesOption,
        help="Send notifications by the tables [[notify]] of this file; --config may have them too.  [default: none]",
    ),
    click.option(
        "--state",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Where outputs keep what is not delivered yet.  [default: systemd's, else ~/.local/state/sed-edge]",
    ),
)


def with_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """All of these options at once, in their order."""
    return lambda command: functools.reduce(lambda wrapped, option: option(wrapped), reversed(options), command)
