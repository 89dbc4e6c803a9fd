"""What was found, as a picture: events of each label by date and hour of day, and beside them what was processed."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import SettingError
from scan.archive import Folder
from scan.table.destination import required_description
from scan.table.shards import read_shards

_MOST_LABELS = 12
_MOST_DAYS = 3700


def draw(folder: Folder, path: Path) -> None:
    """Draw the table of a destination.

    Args:
        folder: the destination.
        path: of the picture: .png, .svg or .pdf.

    Raises:
        ScanError: if the folder is no destination.
        SettingError: if no file has a time of day, or the suffix is unknown.
    """
    required_description(folder)
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot

    counts, hours, days = _count(folder)
    labels = sorted(counts, key=lambda label: -counts[label].sum())[:_MOST_LABELS]
    figure, axes = matplotlib.pyplot.subplots(
        len(labels) + 1,
        1,
        figsize=(10, 1.5 + 1.4 * (len(labels) + 1)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    panels = [("hours of sound", hours, "Greys"), *((label, counts[label], "viridis") for label in labels)]
    for axis, (title, grid, colours) in zip(axes[:, 0], panels, strict=True):
        image = axis.imshow(grid.T, aspect="auto", origin="lower", extent=(0, len(days), 0, 24), cmap=colours)
        axis.set_ylabel("hour (UTC)")
        axis.set_yticks([0, 6, 12, 18, 24])
        axis.set_title(title, loc="left", fontsize=9)
        figure.colorbar(image, ax=axis)
    step = max(1, len(days) // 8)
    axes[-1, 0].set_xticks([index + 0.5 for index in range(0, len(days), step)], [str(day) for day in days[::step]])
    try:
        figure.savefig(path, dpi=120)
    except ValueError as exc:
        raise SettingError(f"{path}: {exc}; give a path that ends in .png, .svg or .pdf") from exc
    finally:
        matplotlib.pyplot.close(figure)


def _count(folder: Folder) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64], list[date]]:
    """Events of each label and hours of sound, as `[days, 24]`, and the days."""
    events: dict[str, dict[tuple[date, int], float]] = defaultdict(lambda: defaultdict(float))
    hours: dict[tuple[date, int], float] = defaultdict(float)
    for _, table in read_shards(folder, ["started_at", "seconds", "events"]):
        for batch in table.to_batches(max_chunksize=1000):
            for row in batch.to_pylist():
                if row["started_at"] is None:
                    continue
                _cover(hours, row["started_at"], row["seconds"])
                for event in row["events"]:
                    moment = event["onset_utc"].astimezone(UTC)
                    events[event["label"]][moment.date(), moment.hour] += 1
    if not hours:
        raise SettingError(f"{folder.url}: no file has a time of day; see --started-at and --timezone of sed-scan")
    first, last = min(day for day, _ in hours), max(day for day, _ in hours)
    if (last - first).days > _MOST_DAYS:
        raise SettingError(f"{folder.url}: from {first} to {last} is more than ten years; is a clock wrong?")
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    return {label: _grid(found, days) for label, found in events.items()}, _grid(hours, days), days


def _cover(hours: dict[tuple[date, int], float], began: datetime, seconds: float) -> None:
    """Add a recording to the hours of day that it covers."""
    moment, end = began.astimezone(UTC), began.astimezone(UTC) + timedelta(seconds=max(0.0, seconds))
    while moment < end:
        following = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        hours[moment.date(), moment.hour] += (min(end, following) - moment).total_seconds() / 3600
        moment = following


def _grid(found: dict[tuple[date, int], float], days: list[date]) -> NDArray[np.float64]:
    places = {day: index for index, day in enumerate(days)}
    grid = np.zeros((len(days), 24))
    for (day, hour), value in found.items():
        if day in places:
            grid[places[day], hour] += value
    return grid
