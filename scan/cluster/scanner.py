"""Does the units of work, in one process with one session of ONNX Runtime; knows nothing of Ray."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.errors import SedError
from edge.log import FanOut
from edge.log.scores import ScoreSink, save_score_file
from edge.model import Card, Floats, Model, Step, StepModel
from edge.session import listen
from edge.sources import FileSource, Start, Zone
from scan.archive import Folder, is_remote, local_copy, opened_file, start_of
from scan.cluster.settings import ScanSettings
from scan.cluster.units import Unit, part_name, plan_from_json, plan_to_json
from scan.recording import (
    Irregular,
    PartScores,
    Plan,
    Recording,
    Records,
    join_parts,
    outline_of,
    part_from_bytes,
    part_to_bytes,
    plan_parts,
    score_files,
    score_part,
)
from scan.table import MODEL, Row, make_row, write_shard

PARTS, SCORES = "parts", "scores"


class TimeLimitError(SedError):
    """A file that takes too long."""


class Scanner:
    """Does units of work.

    Args:
        settings: of the scan.
        at: called with the number of each file before it is begun.
    """

    def __init__(self, settings: ScanSettings, at: Callable[[int], None] = lambda _: None) -> None:
        self._settings, self._at = settings, at
        self._folder, self._zone = Folder(settings.destination), Zone(settings.timezone)
        with tempfile.TemporaryDirectory(prefix="sed-scan-") as scratch:
            model = Path(scratch) / MODEL
            model.write_bytes(self._folder.read(MODEL))
            self._model = _Recalling(Model(model, settings.provider, 1))

    def do(self, unit: Unit, blamed: frozenset[int] = frozenset()) -> dict[str, Any]:
        """Do a unit; return what the driver has to know of it.

        Args:
            unit: to do.
            blamed: numbers of files with which processes died.

        Raises:
            OSError: if the destination cannot be written.
        """
        files = unit["files"]
        if unit["kind"] == "plan":
            return {"plans": {str(file["number"]): self._plan(file) for file in files}}
        if unit["kind"] == "part":
            return self._part(files[0], plan_from_json(unit["plan"]), unit["part"], blamed)
        with self._score_sink(files[0]) as scores:
            if unit["kind"] == "join":
                try:
                    rows = [self._joined(files[0], plan_from_json(unit["plan"]))]
                except Irregular:
                    return {"whole": [files[0]["number"]]}
            else:
                rows = [self._row(file, scores, blamed) for file in files]
        for row in rows:
            row |= {"model": self._settings.model_id, "settings": self._settings.hash}
        write_shard(self._folder, f"{self._settings.run}-{unit['unit']:07d}.parquet", rows)
        for part in plan_from_json(unit["plan"]).parts if unit["kind"] == "join" else ():
            self._folder.remove(f"{PARTS}/{part_name(files[0]['number'], part)}")
        failed = sum(row["status"] != "ok" for row in rows)
        seconds = sum(row["seconds"] for row in rows) if unit["kind"] == "files" else 0.0
        return {"rows": len(rows), "failed": failed, "seconds": seconds}

    def _plan(self, file: Row) -> Any:
        """The parts of a file; None if it is to be taken whole."""
        settings = self._settings
        with contextlib.suppress(SedError), self._recording(file) as recording:
            outline = outline_of(recording)
            if outline is not None:
                plan = plan_parts(outline, self._model.card, settings.window, settings.part_seconds)
                return None if plan is None else plan_to_json(plan)
        return None

    def _part(self, file: Row, plan: Plan, number: int, blamed: frozenset[int]) -> dict[str, Any]:
        """Score a part; where that cannot be done, an empty file says that the whole recording is to be processed."""
        self._at(file["number"])
        part, settings, content, seconds = plan.parts[number], self._settings, b"", 0.0
        if file["number"] not in blamed:
            model = _Limited(self._model, settings.time_limit_seconds)
            with contextlib.suppress(SedError, Irregular), self._recording(file) as recording:
                scored = score_part(recording, part, plan, model, settings.window, settings.channel)
                content, seconds = part_to_bytes(scored), scored.seconds
        self._folder.write(f"{PARTS}/{part_name(file['number'], part)}", content)
        return {"rows": 0, "failed": 0, "seconds": seconds}

    def _joined(self, file: Row, plan: Plan) -> Row:
        """The row of a file whose parts are there.

        Raises:
            Irregular: if one says that the whole is to be processed.
        """
        began = time.monotonic()
        # Metadata stands before and behind the sound: of a remote file the name is all that is looked at.
        start, doubt = self._start(file, None if is_remote(file["path"]) else Path(file["path"]))
        records = join_parts(
            file["path"],
            self._parts(file, plan),
            self._model.card,
            lambda: self._settings.make_decoder(self._model.card),
            start,
        )
        if self._settings.keep_scores:
            self._keep_scores(file, plan, start)
        took = time.monotonic() - began
        return make_row(file, records, start=start, doubt=doubt, parts=len(plan.parts), took_seconds=took)

    def _parts(self, file: Row, plan: Plan) -> Iterator[PartScores]:
        for part in plan.parts:
            try:
                content = self._folder.read(f"{PARTS}/{part_name(file['number'], part)}")
                scores = part_from_bytes(content)
            except Exception as exc:  # empty, missing or damaged: each library and filesystem has errors of its own
                raise Irregular(f"part {part.number} is not there") from exc
            yield scores

    def _row(self, file: Row, scores: ScoreSink | None, blamed: frozenset[int]) -> Row:
        """The row of a file that is taken whole, whatever becomes of it."""
        self._at(file["number"])
        began = time.monotonic()
        records, error = Records(), None
        start: Start | None = None
        doubt = ""
        if file["number"] in blamed:
            error = "the process that worked on it died, twice"
        else:
            place = file["path"]
            try:
                with local_copy(place) as local:
                    place = str(local)
                    start, doubt = self._start(file, local)
                    self._listen(file, local, start, records, scores)
            except SedError as exc:
                error = str(exc).removeprefix(f"{place}: ").removeprefix(f"{file['path']}: ")
            except Exception as exc:  # noqa: BLE001  # one file must not end the scan
                error = f"{type(exc).__name__}: {exc}"
        took = time.monotonic() - began
        return make_row(file, records.records, error=error, start=start, doubt=doubt, took_seconds=took)

    def _listen(self, file: Row, local: Path, start: Start | None, records: Records, scores: ScoreSink | None) -> None:
        settings, stopping = self._settings, threading.Event()
        source = FileSource(str(local), name=file["path"])
        limit = threading.Timer(settings.time_limit_seconds, stopping.set)
        limit.daemon = True
        limit.start()
        try:
            listen(
                [source],
                self._model,
                settings.window,
                lambda: settings.make_decoder(self._model.card),
                records if scores is None else FanOut([scores, records]),
                stopping=stopping,
                starts={} if start is None else {source.name: start},
                scores=scores,
                channel=settings.channel,
            )
        finally:
            limit.cancel()
        if stopping.is_set():
            raise TimeLimitError(f"takes longer than --time-limit {settings.time_limit_seconds:g} seconds")

    def _start(self, file: Row, local: Path | None) -> tuple[Start | None, str]:
        said = file["started_at"]
        moment = datetime.fromisoformat(said) if isinstance(said, str) else said
        return start_of(file["path"], local, moment, self._settings.started_at, self._zone)

    @contextlib.contextmanager
    def _recording(self, file: Row) -> Iterator[Recording]:
        with opened_file(file["path"]) as opened:
            yield Recording(file["path"], opened)

    @contextlib.contextmanager
    def _score_sink(self, file: Row) -> Iterator[ScoreSink | None]:
        """Keeps frame scores, if that is asked for, and hands them over to the destination at the end."""
        if not self._settings.keep_scores:
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="sed-scan-") as scratch:
            with contextlib.closing(ScoreSink(Path(scratch) / "scores.parquet", self._model.card)) as sink:
                yield sink
            for index, path in enumerate(sorted(Path(scratch).glob("*.parquet"))):
                self._folder.write(_score_name(file, index), path.read_bytes())

    def _keep_scores(self, file: Row, plan: Plan, start: Start | None) -> None:
        labels = self._settings.make_decoder(self._model.card).labels
        with tempfile.TemporaryDirectory(prefix="sed-scan-") as scratch:
            path = Path(scratch) / "scores.parquet"
            contents = score_files(file["path"], self._parts(file, plan), self._model.card, labels, start)
            for index, content in enumerate(contents):
                save_score_file(content, path)
                self._folder.write(_score_name(file, index), path.read_bytes())


class _Recalling:
    """A model that runs the step before every recording, of one frame of silence, only once: short files are many.

    Args:
        model: the model.
    """

    def __init__(self, model: Model) -> None:
        self.card: Card = model.card
        self.embedding_size: int = model.embedding_size
        self._model = model
        self._first_samples = model.card.context_samples + model.card.frame_samples
        self._silent_step: Step | None = None

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """See `StepModel.step`."""
        if audio.shape != (1, self._first_samples) or embeddings.shape[1] or audio.any():
            return self._model.step(audio, embeddings)
        if self._silent_step is None:
            self._silent_step = self._model.step(audio, embeddings)
        return self._silent_step


class _Limited:
    """A model that refuses to go on after some time.

    Args:
        model: the model.
        seconds: from now.
    """

    def __init__(self, model: StepModel, seconds: float) -> None:
        self.card: Card = model.card
        self.embedding_size: int = model.embedding_size
        self._model, self._end = model, time.monotonic() + seconds

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        """See `StepModel.step`."""
        if time.monotonic() > self._end:
            raise TimeLimitError("takes too long")
        return self._model.step(audio, embeddings)


def _score_name(file: Row, index: int) -> str:
    """One that `sed-replay DESTINATION/scores/scores.parquet` finds, in the order of the manifest."""
    return f"{SCORES}/scores.{file['number']:09d}{index:05d}.parquet"
