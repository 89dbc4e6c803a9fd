"""One page about a model: tables, curves, confusion and its worst stretches, in one HTML file without scripts."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge.model import Card
from sed.data import Annotation
from sed.evaluation import Floats, Heard, Report, matched, precision_recall, smoothed
from sed.report.pictures import MOST_ROWS, draw_counts, draw_precision_recall, draw_psd_rocs, draw_scores
from sed.report.summary import class_table, clip_table, totals

_DPI = 110
_STRETCH_SECONDS = 60.0
_STRETCHES = 5  # of recordings with events, and as many of those without

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ padding: .2rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}
img {{ max-width: 100%; display: block; margin: .5rem 0; }}
p {{ max-width: 50rem; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Part of a recording.

    Attributes:
        heard: what the model made of the recording.
        begin: in seconds.
        end: in seconds.
        missed: true events that no reported one is matched with, by where they begin.
        false: reported events that no true one is matched with.
    """

    heard: Heard
    begin: float
    end: float
    missed: int
    false: int


def worst_stretches(heard: Iterable[Heard], most: int = _STRETCHES) -> list[Stretch]:
    """The minutes with most missed and false events, worst first; short recordings are one stretch each."""
    stretches = []
    for one in heard:
        if one.recording.truth is None:
            continue
        pairs = matched(one.events, one.recording.truth)
        missed = _without(one.recording.truth, [true for true, _ in pairs])
        false = _without(one.events, [said for _, said in pairs])
        for begin in np.arange(0.0, one.seconds, _STRETCH_SECONDS).tolist():
            end = min(begin + _STRETCH_SECONDS, one.seconds)
            counts = [sum(begin <= event[0] < end for event in events) for events in (missed, false)]
            if any(counts):
                stretches.append(Stretch(heard=one, begin=begin, end=end, missed=counts[0], false=counts[1]))
    return sorted(stretches, key=lambda stretch: -(stretch.missed + stretch.false))[:most]


class Picture(NamedTuple):
    """A drawing: `name` of its file, `caption` where it needs one."""

    name: str
    figure: Figure
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Part of the page: its title, what the pictures show, and these."""

    title: str
    text: str
    pictures: list[Picture]


def sections(card: Card, report: Report) -> list[Section]:
    """All that is drawn: curves, confusion, the worst stretches.

    Args:
        card: of the model.
        report: about it.
    """
    return [*_curves(card, report), *_confusion(report), *_timelines(card, report)]


def html_page(card: Card, report: Report, drawn: Iterable[Section]) -> str:
    """The page.

    Args:
        card: of the model.
        report: about it.
        drawn: what `sections` returned.
    """
    title = f"{card.model_id} on {len(report.heard)} recording{'s' if len(report.heard) > 1 else ''}"
    body = [
        f"<h1>{html.escape(title)}</h1>",
        *(_table(rows) for rows in (totals(report), class_table(report), clip_table(report)) if rows),
    ]
    body.append(
        "<p>True and reported events are counted in recordings that hold events, false alarms in those that hold "
        "none. The onset and offset columns are medians of the absolute errors of matched events (same label, onsets "
        "at most 1 s apart). A clip is taken for the class with its greatest clip score.</p>"
    )
    for section in drawn:
        body += [f"<h2>{section.title}</h2>", f"<p>{html.escape(section.text)}</p>"]
        for picture in section.pictures:
            body += [f"<h3>{html.escape(picture.caption)}</h3>"] * bool(picture.caption)
            body.append(_image(picture.figure))
    return _PAGE.format(title=html.escape(title), body="\n".join(body))


def save_pictures(drawn: Iterable[Section], folder: Path) -> None:
    """Write all pictures as PNG files, each by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in drawn:
        for picture in section.pictures:
            picture.figure.savefig(folder / f"{picture.name}.png", dpi=_DPI)


def _curves(card: Card, report: Report) -> list[Section]:
    if report.psds1 is None or report.psds2 is None:
        return []
    curves = precision_recall(report.scored, card.labels)
    return [
        Section(
            title="PSD-ROC",
            text="How many events are found (mean over classes, less their spread) for how many false positives an "
            "hour, at every threshold, on recordings with and without events.",
            pictures=[
                Picture(
                    "psd-roc",
                    draw_psd_rocs({"PSDS1: where events are": report.psds1, "PSDS2: what they are": report.psds2}),
                )
            ],
        ),
        Section(
            title="Precision against recall",
            text="By intersection: an event is right if truth covers half of it, and found if right events cover half."
            + _cut(len(curves), "with the least area below the curve"),
            pictures=[Picture("precision-recall", draw_precision_recall(curves))],
        ),
    ]


def _confusion(report: Report) -> list[Section]:
    labels, found, alarms = report.labels, report.confusion.found, report.confusion.false_alarms
    columns, pictures = [*labels, "nothing"], []
    if found.any():
        figure = draw_counts(found, labels, columns, "reported there", "true event")
        pictures.append(Picture("confusion", figure))
    if alarms.any():
        figure = draw_counts(alarms, labels, columns, "what was there", "false alarm of")
        pictures.append(Picture("false-alarms", figure))
    if report.clip_counts.any():
        figure = draw_counts(report.clip_counts, labels, labels, "greatest clip score", "clip of")
        pictures.append(Picture("clips", figure))
    text = "The darker, the greater the share of the row." + _cut(len(labels), "with most errors")
    return [Section(title="What was taken for what", text=text, pictures=pictures)] if pictures else []


def _timelines(card: Card, report: Report) -> list[Section]:
    stretches = [
        *worst_stretches(one for one in report.heard if one.recording.truth),
        *worst_stretches(one for one in report.heard if not one.recording.truth),
    ]
    if not stretches:
        return []
    text = (
        "Lines are smoothed scores, green bands the truth, and the bars below what was reported: red where none of "
        "that label was there." + _cut(len(card.labels), "that have most to show")
    )
    medians = [card.decoding[label].median_frames for label in card.labels]
    drawn = {stretch.heard.name: stretch.heard for stretch in stretches}
    smooth = {name: smoothed(heard.scores, medians) for name, heard in drawn.items()}
    pictures = []
    for number, stretch in enumerate(stretches, start=1):
        path, begin, end = stretch.heard.recording.path, f"{stretch.begin:.0f}", f"{stretch.end:.0f}"
        caption = f"{path.name}, {begin} to {end} s: {stretch.missed} missed, {stretch.false} false"
        figure = _timeline(card, stretch, smooth[stretch.heard.name])
        pictures.append(Picture(f"{number:02d}-{path.stem}-{begin}-{end}", figure, caption))
    return [Section(title="Where it went most wrong", text=text, pictures=pictures)]


def _timeline(card: Card, stretch: Stretch, scores: Floats) -> Figure:
    frames = slice(round(stretch.begin / card.frame_seconds), int(np.ceil(stretch.end / card.frame_seconds - 1e-6)))
    numbers = np.arange(len(scores))[frames]
    truth = _activity(stretch.heard.recording.truth or (), numbers, card)
    reported = _activity(stretch.heard.events, numbers, card)
    return draw_scores(
        scores[frames],
        truth,
        card.labels,
        card.frame_seconds,
        reported=reported > 0.5,
        begin_seconds=stretch.begin,
    )


def _cut(classes: int, which: str) -> str:
    """What a caption says where a picture leaves classes out."""
    return f" Of {classes} classes, the {MOST_ROWS} {which} are drawn." if classes > MOST_ROWS else ""


def _activity(events: Iterable[Annotation], frames: NDArray[np.int64], card: Card) -> NDArray[np.float32]:
    """`[frames, classes]`: 1 in those of these frames at whose middle an event of the class is on."""
    middles = (frames + 0.5) * card.frame_seconds
    active = np.zeros((len(frames), len(card.labels)), dtype=np.float32)
    for onset, offset, label in events:
        active[(onset <= middles) & (middles < offset), card.labels.index(label)] = 1.0
    return active


def _without(events: Iterable[Annotation], others: Sequence[Annotation]) -> list[Annotation]:
    return [event for event in events if event not in others]


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    return "<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>"


def _image(figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=_DPI)
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'
