"""The output that saves clips: events wait until the sound after them has come, and are then cut out and written.

A clip is lost, counted and said in the log where the disk or the quota has no room for it; the next one is tried again.
"""

import dataclasses
import importlib.util
import time
from pathlib import Path

from edge.errors import InstallError, SettingError
from edge.log import Record
from edge.log.scores import DecoderInput
from edge.outputs.clips.files import Moment, clip_path, description, encode, leftovers, moment_of, save
from edge.outputs.clips.near_misses import NearMisses
from edge.outputs.clips.quota import Quota
from edge.outputs.clips.recall import Recall
from edge.outputs.clips.settings import ClipSettings
from edge.outputs.output import Output, OutputContext, Sound

_LATENCY_SECONDS = 15.0  # most between the end of an event and its record
_PROBE_SECONDS = 5.0
_PROBE_BYTES = 1 << 16


class ClipsOutput(Output):
    """Saves the sound of events as files.

    Args:
        folder: made if it is missing.
        settings: of clips.
        context: of the run.

    Raises:
        InstallError: if pictures are asked for and matplotlib is missing.
        SettingError: if the folder cannot be written.
    """

    name, hears, needed = "clips", True, True

    def __init__(self, folder: Path, settings: ClipSettings, context: OutputContext) -> None:
        super().__init__()
        if settings.pictures and importlib.util.find_spec("matplotlib") is None:
            raise InstallError("--clip-pictures needs matplotlib: pip install 'sed-edge[plot]'")
        self._folder, self._settings, self._context = folder, settings, context
        self._near = None
        if settings.near is not None:
            self._near = NearMisses(
                context.card, context.decoding, context.labels, settings.near, settings.near_per_hour
            )
        self.takes_scores = self._near is not None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._probe()
        except OSError as exc:
            raise SettingError(f"--clips {folder}: {exc.strerror or exc}; give a folder that can be written") from exc
        self._recalls: dict[str, Recall] = {}
        self._contexts: dict[str, OutputContext] = {}  # of sources that use another model by now
        self._waiting: list[Moment] = []
        self._probed_at = time.monotonic()
        self._quota: Quota | None = None
        self.saved = 0

    def start(self) -> None:
        """Find the clips that are there, and remove what an earlier run has left unfinished."""
        for path in leftovers(self._folder):
            path.unlink(missing_ok=True)
        self._quota = Quota(self._folder, self._settings)

    def hear(self, sound: Sound) -> None:
        """See `Output.hear`."""
        if sound.source not in self._recalls:
            chosen = self._settings
            self._recalls[sound.source] = Recall(chosen.pre + chosen.longest + chosen.post + _LATENCY_SECONDS)
        self._recalls[sound.source].hear(sound)
        if any(moment.source == sound.source for moment in self._waiting):
            self._save_due()

    def write(self, record: Record) -> None:
        """See `Output.write`."""
        if record["type"] == "model":
            self._contexts[record["source"]] = self._context.after(record)
            if self._near is not None:
                self._near.change(record["source"], self._contexts[record["source"]].decoding)
        if record["type"] == "event" and self._settings.saves(record["label"]):
            self._waiting.append(moment_of(record))
            self._save_due()
        elif record["type"] == "stop" or (record["type"] == "source" and record["state"] == "lost"):
            self._save_due(record["source"])
        if record["type"] == "stop":
            self._recalls.pop(record["source"], None)

    def take(self, source: str, scores: DecoderInput) -> None:
        """See `Output.take`."""
        if self._near is not None:
            missed = self._near.take(source, scores, time.monotonic())
            self._waiting += [moment for moment in missed if self._settings.saves(moment.label)]
            self._save_due()

    def tick(self) -> None:
        """See whether the disk can be written again."""
        if self.failure is not None and time.monotonic() - self._probed_at >= _PROBE_SECONDS:
            self._probed_at = time.monotonic()
            try:
                self._probe()
            except OSError:
                return
            self.failure = None if self._quota is None else self._quota.make_room(_PROBE_BYTES)

    def close(self) -> None:
        """Save what waits, with the sound that is there."""
        for source in list(self._recalls):
            self._save_due(source)

    def _save_due(self, ended: str | None = None) -> None:
        """Save the clips whose sound is complete, and those of the source that has ended."""
        due = [moment for moment in self._waiting if moment.source == ended or self._is_complete(moment)]
        self._waiting = [moment for moment in self._waiting if moment not in due]
        for moment in due:
            try:
                failure = self._save(moment)
            except OSError as exc:
                failure = f"{self._folder}: {exc.strerror or exc}"
            self.failure = failure
            if failure is not None:
                self.lose(moment.source, "clips", 1, failure)

    def _is_complete(self, moment: Moment) -> bool:
        recall = self._recalls.get(moment.source)
        return recall is not None and recall.end_seconds >= moment.offset + self._settings.post

    def _save(self, moment: Moment) -> str | None:
        """Save one clip; if that is impossible, the reason."""
        chosen, recall = self._settings, self._recalls.get(moment.source)
        onset = max(moment.onset, moment.offset - chosen.longest)
        begin, end = onset - chosen.pre, moment.offset + chosen.post
        cut = None if recall is None else recall.cut(begin, end)
        if cut is None:
            return "its sound was not received"
        path = clip_path(self._folder, moment, chosen.format)
        context = self._contexts.get(moment.source, self._context)
        described = description(path, moment, cut, dataclasses.asdict(context.decoding[moment.label]))
        described["model"] = context.card.model_id
        audio = encode(cut.samples, cut.sample_rate, chosen.format)
        picture = None
        if chosen.pictures:
            from edge.outputs.clips.picture import draw

            title = f"{moment.label} {moment.confidence:.2f}, {described.get('begin_utc', moment.source)}"
            picture = draw(cut, described["onset"], described["offset"], title)
        assert self._quota is not None
        reason = self._quota.make_room(len(audio) + len(picture or b"") + 4096)
        if reason is None:
            save(path, audio, described, picture)
            self._quota.add(path.with_suffix(".json"))
            self.saved += 1
        return reason

    def _probe(self) -> None:
        """Write and remove a file, to see whether that is possible."""
        path = self._folder / f".{self.name}-probe.part"
        try:
            path.write_bytes(bytes(_PROBE_BYTES))
        finally:
            path.unlink(missing_ok=True)
