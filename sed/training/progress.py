"""The progress bar of a run: steps that are done, the time left until the last one, metrics."""

import sys
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback
from tqdm import tqdm


class RunProgress(Callback):
    """Counts the steps of the whole run, where Lightning's own bar begins again at every validation.

    A log file gets a line a minute.
    """

    def __init__(self) -> None:
        self._bar: Any = None

    def on_train_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.is_global_zero:
            seconds = 0.5 if sys.stderr.isatty() else 60.0
            done, steps = trainer.global_step, trainer.max_steps
            self._bar = tqdm(desc="training", unit="step", initial=done, total=steps, mininterval=seconds)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if self._bar is not None:
            self._bar.set_postfix(trainer.progress_bar_metrics, refresh=False)
            self._bar.update()

    def on_train_end(self, *_: Any) -> None:
        self._close()

    def on_exception(self, *_: Any) -> None:
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
