"""The model of a run, read again on SIGHUP: the same file, or what `--config` names by now."""

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import click

from edge.cli.decoding import chosen_decoding, chosen_labels
from edge.cli.settings import SettingsCommand
from edge.detection import Decoder
from edge.errors import SedError, SettingError
from edge.model import Card, Model, Window, find_model, shipped_model, window_of
from edge.session import Succession, Successor, require_same_frames

_log = logging.getLogger(__name__)


class ModelAgain:
    """Reads the model again when it is asked to, and hands it on if it can take over.

    Args:
        ctx: of the command, with the settings as they were.
        path: of the model file.
        card: of the model.
        window: lengths of the sliding window.
        labels: that are reported.
        keeps_scores: whether the run keeps scores, whose files are of one model.

    Attributes:
        succession: gets the model that takes over.
    """

    def __init__(
        self, ctx: click.Context, path: Path, card: Card, window: Window, labels: list[str], keeps_scores: bool
    ) -> None:
        self.succession = Succession()
        self._ctx, self._card, self._window, self._labels = ctx, card, window, labels
        self._keeps_scores = keeps_scores
        self._used = self._state_of(path, ctx)
        self._asked = threading.Event()

    def ask(self) -> None:
        """Have the model read again; may be called by a handler of signals."""
        self._asked.set()

    def look(self, warn: Callable[[str], None]) -> None:
        """Read the model again if that was asked for; `warn` says in the log why the old one goes on."""
        if not self._asked.is_set():
            return
        self._asked.clear()
        try:
            self._read()
        except (SedError, OSError) as exc:
            _log.warning("the model stays as it is: %s", exc)
            warn(f"the model stays as it is: {exc}")

    def _read(self) -> None:
        command = self._ctx.command
        assert isinstance(command, SettingsCommand)
        ctx = command.read_again(self._ctx)
        given: Path | None = ctx.params["model_path"]
        path = find_model(shipped_model() if given is None else given)
        state = self._state_of(path, ctx)
        if state == self._used:
            return  # logrotate asks every day
        if self._keeps_scores:
            raise SettingError("files of --scores are of one model; restart sed-stream for another one")
        model = Model(path, ctx.params["provider"], ctx.params["threads"])
        window = window_of(model.card, ctx.params["window"], ctx.params["hop"])
        require_same_frames(self._card, model.card, self._window, window)
        reported = chosen_labels(ctx, ctx.params["labels"], model.card)
        if (reported or list(model.card.labels)) != self._labels:
            raise SettingError("--labels asks for others now; restart sed-stream for them")
        decoding = chosen_decoding(model.card, ctx.params["thresholds"])
        self._used = state
        self.succession.newest = Successor(model, lambda: Decoder(model.card.labels, decoding, reported), state[0])

    @staticmethod
    def _state_of(path: Path, ctx: click.Context) -> tuple[str, object]:
        """What a model is known by: the hash of its file, and the thresholds that are asked for."""
        thresholds = [(one.label, one.on) for one in ctx.params["thresholds"]]
        return hashlib.sha256(find_model(path).read_bytes()).hexdigest(), thresholds
