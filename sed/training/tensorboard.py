"""Pictures of a run for TensorBoard, besides its curves."""

from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger

from sed.report import draw_scores

_SCENES = 4


class ScorePictures(Callback):
    """Draws scores and truth of the first validation scenes after each validation."""

    def on_validation_batch_end(
        self, trainer: lightning.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        if batch_idx > 0 or not trainer.is_global_zero:
            return
        _, target = batch
        for number, (scores, truth) in enumerate(zip(outputs[:_SCENES], target.frames[:_SCENES], strict=True), start=1):
            figure = draw_scores(
                scores.cpu().numpy(), truth.cpu().numpy(), pl_module.labels, pl_module.recipe.frame_seconds
            )
            for logger in trainer.loggers:
                if isinstance(logger, TensorBoardLogger):
                    logger.experiment.add_figure(f"scores against truth/scene {number}", figure, trainer.global_step)
