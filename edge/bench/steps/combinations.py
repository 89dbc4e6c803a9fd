"""What is measured: every combination of the chosen settings."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import SettingError
from edge.model import Card, Model, Window, window_of


@dataclass(frozen=True, kw_only=True)
class Combination:
    """One way to run a model.

    Attributes:
        path: of its file.
        name: of the file; its path where several are called so.
        card: of the file.
        embedding_size: of its graph.
        provider: one of `edge.bench.steps.sessions.PROVIDERS`.
        threads: that one step may use.
        window: in frames.
        streams: that step together, in one call of the graph.
    """

    path: Path
    name: str
    card: Card
    embedding_size: int
    provider: str
    threads: int
    window: Window
    streams: int

    @property
    def hop_seconds(self) -> float:
        """Length of a hop."""
        return self.window.hop_frames * self.card.frame_seconds

    @property
    def step_seconds(self) -> float:
        """Audio that one step processes, in seconds, of all streams together."""
        return self.streams * self.hop_seconds

    def axes(self) -> dict[str, Any]:
        """The settings that distinguish it from others."""
        return {
            "model": self.name,
            "precision": self.card.precision,
            "provider": self.provider,
            "threads": self.threads,
            "window_seconds": round(self.window.window_frames * self.card.frame_seconds, 6),
            "hop_seconds": round(self.hop_seconds, 6),
            "streams": self.streams,
        }


def all_combinations(
    paths: Sequence[Path],
    *,
    providers: Sequence[str],
    precisions: Sequence[str] = (),
    hops: Sequence[float | None] = (None,),
    windows: Sequence[float | None] = (None,),
    threads: Sequence[int] = (1,),
    streams: Sequence[int] = (1,),
) -> list[Combination]:
    """All of them, models first.

    Args:
        paths: of model files, each in one precision.
        providers: names.
        precisions: of the models to take; all if there is none.
        hops: seconds; None for the model's.
        windows: seconds; None for the model's.
        threads: numbers.
        streams: numbers.

    Raises:
        SedError: if a file is no model, no model has a precision, or hop and window do not fit a model.
    """
    models = {path: Model(path, "cpu") for path in dict.fromkeys(paths)}
    for precision in precisions:
        if precision not in (held := {model.card.precision for model in models.values()}):
            raise SettingError(
                f"--precision {precision}: no MODEL is in it, only in {', '.join(sorted(held))}; "
                f"give a file that sed-export --precision {precision} wrote"
            )
    wanted = {path: one for path, one in models.items() if not precisions or one.card.precision in precisions}
    named = Counter(path.name for path in wanted)
    found = [
        Combination(
            path=path,
            name=path.name if named[path.name] == 1 else str(path),
            card=model.card,
            embedding_size=model.embedding_size,
            provider=provider,
            threads=number,
            window=window_of(model.card, window, hop),
            streams=count,
        )
        for (path, model), provider, number, window, hop, count in itertools.product(
            wanted.items(), providers, threads, windows, hops, streams
        )
    ]
    return list({str(each.path) + str(each.axes()): each for each in found}.values())
