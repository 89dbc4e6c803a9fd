"""A report as rows of text, for the terminal and the HTML page, and as plain values for a JSON file."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sed.evaluation import Kind, RecordingResult, Report, kinds_of, near_kinds, onset_offset_errors

_HEADER = ("", "true", "reported", "event F1", "segment F1", "inters. F1", "onset ms", "offset ms", "false alarms")
_CLIP_HEADER = ("", "clips", "AP", "correct", "most often confused with")
_KIND_HEADER = ("false alarms come from", "minutes", "events", "as")
_NEAR_HEADER = ("", "other sounds taken for it (share of their recordings)")
_NAME_WIDTH = 26
_MOST_KINDS, _MOST_NEAR = 10, 3


def class_table(report: Report) -> list[tuple[str, ...]]:
    """Header, a row for each label, and a row for all of them; no rows if there is no true event and no false alarm.

    True and reported events are counted in recordings with events, false alarms in recordings without events.
    """
    if not (report.event_f1 or report.false_alarms):
        return []
    eventful = [one for one in report.results if one.recording.truth]
    true = Counter(label for one in eventful for *_, label in one.recording.truth or ())
    reported = Counter(label for one in eventful for *_, label in one.events)
    figures = report.to_dict()
    rows = [_HEADER]
    for label in report.labels:
        rows.append(
            (
                label,
                str(true[label]),
                str(reported[label]),
                _share(report.event_f1.get(label)),
                _share(report.segment_f1.get(label)),
                _share(report.intersection_f1.get(label)),
                *_border_errors(report, label),
                str(report.false_alarms.get(label, 0)) if report.quiet_hours else "-",
            )
        )
    last = (
        "macro average",
        str(true.total()),
        str(reported.total()),
        *(_share(figures.get(f"{name}_f1_macro")) for name in ("event", "segment", "intersection")),
        *_border_errors(report, None),
        str(sum(report.false_alarms.values())) if report.quiet_hours else "-",
    )
    return [*rows, last]


def clip_table(report: Report) -> list[tuple[str, ...]]:
    """Header, and a row for each label: its clips, and the classes of their highest clip scores."""
    if not report.clip_counts.any():
        return []
    rows: list[tuple[str, ...]] = [_CLIP_HEADER]
    for column, (label, counts) in enumerate(zip(report.labels, report.clip_counts.tolist(), strict=True)):
        wrong = Counter({other: count for other, count in zip(report.labels, counts, strict=True) if other != label})
        others = [f"{other} ({count})" for other, count in wrong.most_common(1) if count]
        precision = _share(report.clip_precision.get(label))
        rows.append((label, str(sum(counts)), precision, str(counts[column]), *(others or ["-"])))
    return rows


def kind_table(report: Report) -> list[tuple[str, ...]]:
    """Header, and a row for each kind of sound that gives false alarms, most an hour first."""
    kinds = [kind for kind in report.kinds if kind.alarms]
    rows: list[tuple[str, ...]] = []
    for kind in sorted(kinds, key=lambda kind: -kind.alarms.total() / kind.hours)[:_MOST_KINDS]:
        labels = ", ".join(f"{label} ({count})" for label, count in kind.alarms.most_common())
        name = kind.name if kind.known else Path(kind.name).name
        rows.append((name, f"{60 * kind.hours:.1f}", str(kind.alarms.total()), labels))
    return [_KIND_HEADER, *rows] if rows else []


def near_table(labels: Sequence[str], kinds: Sequence[Kind]) -> list[tuple[str, ...]]:
    """Header, and a row for each label: the kinds of sound that the model takes for it, none of which has events."""
    if not any(kind.known for kind in kinds):
        return []
    rows = [
        (label, ", ".join(f"{name} ({share:.0%})" for name, share in found[:_MOST_NEAR]) or "none: record such sounds")
        for label, found in near_kinds(kinds, labels).items()
    ]
    return [_NEAR_HEADER, *rows]


def near_text(labels: Sequence[str], results: Sequence[RecordingResult]) -> str:
    """`near_table` of recordings without events, for a terminal."""
    return "\n".join(_aligned(near_table(labels, kinds_of(results))))


def totals(report: Report) -> list[tuple[str, str]]:
    """Names and values of the metrics over all classes, as far as they apply."""
    figures, lines = report.to_dict(), []
    names = {
        "psds1": "PSDS1 (precise times)",
        "psds2": "PSDS2 (right class)",
        "row_f1": "row-wise F1 (rows of 5 s)",
        "clip_map": "clip mAP",
        "clip_accuracy": "clip accuracy",
    }
    lines += [(name, _share(figures[key])) for key, name in names.items() if key in figures]
    for border in ("onset", "offset"):
        if f"{border}_error_ms" in figures:
            bias = figures[f"{border}_bias_ms"]
            side = "late" if bias >= 0 else "early"
            lines.append(
                (f"{border} error", f"{figures[f'{border}_error_ms']:.0f} ms, {abs(bias):.0f} ms {side} (medians)")
            )
    if report.false_alarm_rate is not None:
        lines.append(("false alarms", f"{report.false_alarm_rate}; {report.quiet_hours:.2f} h without events"))
    return lines


def text_table(report: Report) -> str:
    """All tables as text, for a terminal."""
    figures = (f"{name:<{_NAME_WIDTH}}  {value}" for name, value in totals(report))
    tables = (class_table(report), clip_table(report), kind_table(report), near_table(report.labels, report.kinds))
    return "\n".join([*(line for rows in tables for line in _aligned(rows)), *figures])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, the others to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    sides = "<" + ">" * (len(widths) - 1)
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)) for row in rows
    ]


def report_values(report: Report) -> dict[str, Any]:
    """Plain values: the metrics, their values by label, and every recording with its events and truth."""
    return {
        "figures": report.to_dict(),
        "intersection_f1": report.intersection_f1,
        "psds1": None if report.psds1 is None else report.psds1.by_label,
        "psds2": None if report.psds2 is None else report.psds2.by_label,
        "clip_average_precision": report.clip_precision,
        "clip_counts": dict(zip(report.labels, report.clip_counts.tolist(), strict=True)),
        "false_alarms": report.false_alarms,
        "false_alarms_by_kind": {kind.name: dict(kind.alarms) for kind in report.kinds},
        "confusion": {
            "columns": [*report.labels, "nothing"],
            "true_events": dict(zip(report.labels, report.confusion.found.tolist(), strict=True)),
            "false_alarms": dict(zip(report.labels, report.confusion.false_alarms.tolist(), strict=True)),
        },
        "recordings": [_recording(one, report.labels) for one in report.results],
    }


def _recording(result: RecordingResult, labels: Sequence[str]) -> dict[str, Any]:
    scores = (round(float(score), 4) for score in result.clip_scores)
    return {
        "path": result.name,
        "seconds": round(result.seconds, 3),
        "labels": result.recording.labels,
        "truth": result.recording.truth,
        "events": result.events,
        "clip_scores": dict(zip(labels, scores, strict=True)),
    }


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _border_errors(report: Report, label: str | None) -> tuple[str, str]:
    """Median absolute errors of onsets and offsets, of one label or, for None, of all."""
    errors = onset_offset_errors([pair for pair in report.pairs if label in (None, pair[0][2])])
    return ("-", "-") if errors is None else (f"{errors.onset_error_ms:.0f}", f"{errors.offset_error_ms:.0f}")
