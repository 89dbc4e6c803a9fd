"""A page about a model: tables, curves, confusion and the parts with most errors, in one HTML file without scripts."""

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
from sed.evaluation import Floats, RecordingResult, Report, match_events, median_filtered, precision_recall
from sed.report.pictures import MOST_ROWS, draw_counts, draw_precision_recall, draw_psd_rocs, draw_scores
from sed.report.summary import class_table, clip_table, kind_table, near_table, totals

_DPI = 110
_PART_SECONDS = 60.0
_PARTS = 5  # of recordings with events, and as many of those without

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
class RecordingPart:
    """A part of a recording, with its errors.

    Attributes:
        result: of the recording.
        begin: in seconds.
        end: in seconds.
        missed: number of true events that begin in it and match no reported one.
        false: number of reported events that begin in it and match no true one.
    """

    result: RecordingResult
    begin: float
    end: float
    missed: int
    false: int


def worst_parts(results: Iterable[RecordingResult], most: int = _PARTS) -> list[RecordingPart]:
    """The minutes with most missed and false events, most first; a short recording is one part."""
    parts = []
    for one in results:
        if one.recording.truth is None:
            continue
        pairs = match_events(one.events, one.recording.truth)
        missed = _without(one.recording.truth, [true for true, _ in pairs])
        false = _without(one.events, [reported for _, reported in pairs])
        for begin in np.arange(0.0, one.seconds, _PART_SECONDS).tolist():
            end = min(begin + _PART_SECONDS, one.seconds)
            counts = [sum(begin <= event[0] < end for event in events) for events in (missed, false)]
            if any(counts):
                parts.append(RecordingPart(result=one, begin=begin, end=end, missed=counts[0], false=counts[1]))
    return sorted(parts, key=lambda part: -(part.missed + part.false))[:most]


class Picture(NamedTuple):
    """A plot: `name` of its file, `caption` if it needs one."""

    name: str
    figure: Figure
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section of the page: title, a text about the pictures, and the pictures."""

    title: str
    text: str
    pictures: list[Picture]


def sections(card: Card, report: Report) -> list[Section]:
    """The sections with pictures: curves, confusion, the parts with most errors.

    Args:
        card: of the model.
        report: about it.
    """
    return [*_curves(card, report), *_confusion(report), *_timelines(card, report)]


def html_page(card: Card, report: Report, drawn: Iterable[Section]) -> str:
    """The HTML of the page.

    Args:
        card: of the model.
        report: about it.
        drawn: from `sections`.
    """
    title = f"{card.model_id} on {len(report.results)} recording{'s' if len(report.results) > 1 else ''}"
    tables = (
        totals(report),
        class_table(report),
        clip_table(report),
        kind_table(report),
        near_table(report.labels, report.kinds),
    )
    body = [
        f"<h1>{html.escape(title)}</h1>",
        *(_table(rows) for rows in tables if rows),
    ]
    body.append(
        "<p>True and reported events are counted in recordings with events, false alarms in recordings without "
        "events. The onset and offset columns are medians of the absolute errors of matched events (same label, onsets "
        "at most 1 s apart). The class of a clip is the one with the highest clip score. A sound is taken for a class "
        "where its clip score is at least 0.5.</p>"
    )
    for section in drawn:
        body += [f"<h2>{section.title}</h2>", f"<p>{html.escape(section.text)}</p>"]
        for picture in section.pictures:
            body += [f"<h3>{html.escape(picture.caption)}</h3>"] * bool(picture.caption)
            body.append(_image(picture.figure))
    return _PAGE.format(title=html.escape(title), body="\n".join(body))


def save_pictures(drawn: Iterable[Section], folder: Path) -> None:
    """Write all pictures as PNG files, each under its name."""
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
            text="Effective true positive rate (mean over classes, minus their standard deviation) against effective "
            "false positives per hour, at every threshold, on recordings with and without events.",
            pictures=[
                Picture(
                    "psd-roc",
                    draw_psd_rocs({"PSDS1: precise times": report.psds1, "PSDS2: right class": report.psds2}),
                )
            ],
        ),
        Section(
            title="Precision against recall",
            text="By intersection: a reported event is correct if true events cover half of it, and a true event is "
            "found if correct events cover half of it." + _cut(len(curves), "with the least area below the curve"),
            pictures=[Picture("precision-recall", draw_precision_recall(curves))],
        ),
    ]


def _confusion(report: Report) -> list[Section]:
    labels, found, alarms = report.labels, report.confusion.found, report.confusion.false_alarms
    columns, pictures = [*labels, "nothing"], []
    if found.any():
        figure = draw_counts(found, labels, columns, "reported at its time", "true event")
        pictures.append(Picture("confusion", figure))
    if alarms.any():
        figure = draw_counts(alarms, labels, columns, "true at its time", "false alarm of")
        pictures.append(Picture("false-alarms", figure))
    if report.clip_counts.any():
        figure = draw_counts(report.clip_counts, labels, labels, "highest clip score", "clip of")
        pictures.append(Picture("clips", figure))
    text = "Counts; a darker cell has a greater share of its row." + _cut(len(labels), "with most errors")
    return [Section(title="Confusion of classes", text=text, pictures=pictures)] if pictures else []


def _timelines(card: Card, report: Report) -> list[Section]:
    parts = [
        *worst_parts(one for one in report.results if one.recording.truth),
        *worst_parts(one for one in report.results if not one.recording.truth),
    ]
    if not parts:
        return []
    text = (
        "Lines are scores after the median filter, green bands the true events, and the bars below the reported ones: "
        "red if no true event of that label is at this time." + _cut(len(card.labels), "with most to show")
    )
    medians = [card.decoding[label].median_frames for label in card.labels]
    drawn = {part.result.name: part.result for part in parts}
    smooth = {name: median_filtered(result.scores, medians) for name, result in drawn.items()}
    pictures = []
    for number, part in enumerate(parts, start=1):
        path, begin, end = part.result.recording.path, f"{part.begin:.0f}", f"{part.end:.0f}"
        caption = f"{path.name}, {begin} to {end} s: {part.missed} missed, {part.false} false"
        figure = _timeline(card, part, smooth[part.result.name])
        pictures.append(Picture(f"{number:02d}-{path.stem}-{begin}-{end}", figure, caption))
    return [Section(title="Parts with most errors", text=text, pictures=pictures)]


def _timeline(card: Card, part: RecordingPart, scores: Floats) -> Figure:
    frames = slice(round(part.begin / card.frame_seconds), int(np.ceil(part.end / card.frame_seconds - 1e-6)))
    numbers = np.arange(len(scores))[frames]
    truth = _activity(part.result.recording.truth or (), numbers, card)
    reported = _activity(part.result.events, numbers, card)
    return draw_scores(
        scores[frames],
        truth,
        card.labels,
        card.frame_seconds,
        reported=reported > 0.5,
        begin_seconds=part.begin,
    )


def _cut(classes: int, which: str) -> str:
    """A note for the text if a picture does not show all classes."""
    return f" Of {classes} classes, the {MOST_ROWS} {which} are drawn." if classes > MOST_ROWS else ""


def _activity(events: Iterable[Annotation], frames: NDArray[np.int64], card: Card) -> NDArray[np.float32]:
    """`[frames, classes]`: 1 in each of these frames in whose middle an event of the class is active."""
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
