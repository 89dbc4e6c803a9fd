"""What TensorBoard shows of a run besides its curves."""

from typing import Any

import lightning
import numpy as np
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger

from sed.pictures import draw_scores

_SCENES = 4
_ROWS = 12


class ScorePictures(Callback):
    """Scores against truth of the first validation scenes, as images, after each validation."""

    def on_validation_batch_end(
        self, trainer: lightning.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        if batch_idx > 0 or not trainer.is_global_zero:
            return
        _, target = batch
        for number, (scores, truth) in enumerate(zip(outputs[:_SCENES], target.frames[:_SCENES], strict=True), start=1):
            # Of many classes, those that are there or that the network says are.
            said, true = scores.cpu().numpy(), truth.cpu().numpy()
            shown = np.sort(np.argsort(-np.maximum(true.max(axis=0), said.max(axis=0)))[:_ROWS])
            labels = [pl_module.labels[column] for column in shown]
            figure = draw_scores(said[:, shown], true[:, shown], labels, pl_module.recipe.frame_seconds)
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoardLogger):
                    logger.experiment.add_figure(f"scores against truth/scene {number}", figure, trainer.global_step)
