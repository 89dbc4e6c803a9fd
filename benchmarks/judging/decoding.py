"""What happens between the network's scores and the log: which scores a window emits, and how strict the decoder is."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from edge.errors import SettingError
from edge.model import Card, StepModel
from sed.errors import DataError
from sed.evaluation import Recording, RecordingResult, Report, decode_again, make_report, run_on_recordings
from sed.tuning import Aim, tune

# Seconds of window, and of lookahead at which each frame is emitted: at several, the mean of these is taken.
EMISSION_RULES = {
    "lookahead 0.5 s": (10.0, (0.5,)),
    "lookahead 1 s": (10.0, (1.0,)),
    "lookahead 2 s": (10.0, (2.0,)),
    "lookahead 4 s": (10.0, (4.0,)),
    "mean of 1 and 2 s": (10.0, (1.0, 2.0)),
    "mean of 1, 2, 3 and 4 s": (10.0, (1.0, 2.0, 3.0, 4.0)),
    "window 5 s, lookahead 2 s": (5.0, (2.0,)),
    "window 20 s, lookahead 2 s": (20.0, (2.0,)),
}
ALLOWED_PER_HOUR = (6, 15, 30, 60, 120, 240, 480)
COLUMNS = {
    "event_f1_macro": "event F1",
    "segment_f1_macro": "segment F1",
    "intersection_f1_macro": "intersection F1",
    "psds1": "PSDS1",
    "quiet_event_f1": "event F1 at 60/h",
    "onset_error_ms": "onset error, ms",
}


def tuned_figures(card: Card, results: Sequence[RecordingResult]) -> dict[str, Any]:
    """Figures of scores, each by settings tuned for it.

    Args:
        card: of the model.
        results: what it made of recordings.

    Returns:
        What `Report.to_dict` has, tuned for event F1; PSDS1 tuned for PSDS1; `quiet_event_f1`, the event F1 of the
        settings with at most 60 false alarms an hour, if any are so quiet.
    """
    quiet = _within(card, results, 60)
    return {
        **tuned(card, results, "event-f1").to_dict(),
        "psds1": tuned(card, results, "psds1").to_dict()["psds1"],
        **({"quiet_event_f1": quiet["event_f1_macro"]} if quiet else {}),
    }


def require_both(recordings: Sequence[Recording]) -> None:
    """Some must hold events at known places, and others none.

    Raises:
        DataError: before hours of work.
    """
    if not {True, False} <= {bool(one.truth) for one in recordings if one.truth is not None}:
        raise DataError(
            "--validation holds only recordings with events, or only such without; give both: events are found in the "
            "first, and false alarms counted in the others"
        )


def tuned(card: Card, results: Sequence[RecordingResult], aim: str) -> Report:
    """The report by settings tuned for an aim, on the same recordings."""
    settings = tune(card, results, Aim.parse(aim)).decoding
    decoding = {label: one.to_frames(card.frame_seconds) for label, one in settings.items()}
    chosen = dataclasses.replace(card, decoding=card.decoding | decoding)
    return make_report(chosen, [decode_again(chosen, one) for one in results])


def emission(model: StepModel, recordings: Sequence[Recording]) -> dict[str, dict[str, Any]]:
    """`tuned_figures` of every rule in `EMISSION_RULES`, all with the model's hop."""
    card = model.card

    @functools.cache
    def emitted(window: float, lookahead: float) -> list[RecordingResult]:
        model.card = dataclasses.replace(
            card,
            window_frames=round(window / card.frame_seconds),
            lookahead_frames=round(lookahead / card.frame_seconds),
        )
        try:
            return run_on_recordings(model, recordings)
        finally:
            model.card = card

    found = {}
    for name, (window, lookaheads) in EMISSION_RULES.items():
        together = zip(*(emitted(window, lookahead) for lookahead in lookaheads), strict=True)
        means = [
            dataclasses.replace(same[0], scores=np.mean([one.scores for one in same], axis=0)) for same in together
        ]
        found[name] = tuned_figures(card, means)
    return found


def trade_off(model: StepModel, recordings: Sequence[Recording]) -> dict[str, dict[str, Any]]:
    """Figures by settings tuned for at most so many false alarms an hour, for each of `ALLOWED_PER_HOUR`."""
    results = run_on_recordings(model, recordings)
    return {str(allowed): _within(model.card, results, allowed) for allowed in ALLOWED_PER_HOUR}


def _within(card: Card, results: Sequence[RecordingResult], allowed: int) -> dict[str, Any]:
    """What `Report.to_dict` has by settings with so few false alarms an hour; nothing if no settings are so strict."""
    try:
        return tuned(card, results, f"false-alarms={allowed}").to_dict()
    except SettingError:
        return {}


def draw_trade_off(models: Sequence[Mapping[str, Mapping[str, Any]]]) -> Figure:
    """Draw what `trade_off` found of each model, and their mean."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for key, name, color in (("segment_f1_macro", "segment F1", "#2e7d32"), ("event_f1_macro", "event F1", "#1f4e79")):
        values = np.array([[row.get(key, np.nan) for row in model.values()] for model in models])
        axes.plot(ALLOWED_PER_HOUR, values.T, color=color, alpha=0.3, linewidth=1)
        axes.plot(ALLOWED_PER_HOUR, values.mean(axis=0), color=color, linewidth=2.5, marker="o", label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(ALLOWED_PER_HOUR, [str(allowed) for allowed in ALLOWED_PER_HOUR])
    axes.minorticks_off()
    axes.set(xlabel="false alarms an hour allowed on recordings without events", ylabel="F1", ylim=(0, 1))
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def table(title: str, rows: Mapping[str, Sequence[Mapping[str, Any]]], columns: Mapping[str, str]) -> str:
    """Mean of each figure over models, and its standard deviation where they differ.

    Args:
        title: of the first column.
        rows: by name, the figures of each model.
        columns: the figures to show -> what stands above them.
    """
    width = max(map(len, [title, *rows]))
    lines = [f"{title:{width}}" + "".join(f"  {name:>16}" for name in columns.values())]
    for name, models in rows.items():
        cells = (_spread([one[figure] for one in models if figure in one]) for figure in columns)
        lines.append(f"{name:{width}}" + "".join(f"  {cell:>16}" for cell in cells))
    return "\n".join(lines)


def by_row(models: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    """Figures of each model by row -> of each row by model."""
    return {name: [one[name] for one in models] for name in models[0]}


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    digits = 3 if max(values) <= 1 else 2 if max(values) < 10 else 0
    mean = f"{np.mean(values):,.{digits}f}"
    return mean if len(set(values)) == 1 else f"{mean} +- {np.std(values, ddof=1):.{digits}f}"
