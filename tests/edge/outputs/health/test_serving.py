"""Sources that fail in every way, and what monitors see of it; in real time, over loopback."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge.outputs.health.state
from edge.detection.decoder import Decoder
from edge.errors import SettingError, SourceError
from edge.log.sinks import MemorySink
from edge.model.inference import Floats, Model, Step
from edge.model.score_stream import StepModel, window_of
from edge.outputs.health.serving import HealthOutput
from edge.outputs.health.state import Limits
from edge.outputs.output import Output, OutputContext
from edge.outputs.threads import Outputs
from edge.session.runtime import listen
from edge.sources.source import Block, Gap, Item, State
from tests.conftest import ROOT

pytestmark = pytest.mark.realtime

RULES = ROOT / "docs" / "examples" / "alerts.yaml"


class Moody:
    """A live source that a test has lose its connection, hang, miss sound or fail."""

    live = True

    def __init__(self, name: str = "porch") -> None:
        self.name, self.mood = name, "well"

    def items(self, stopping: threading.Event) -> Iterator[Item]:
        said = ""
        yield State("connected", "moody")
        while not stopping.wait(0.1):
            mood = self.mood
            if mood == "lost" and said != "lost":
                yield State("lost", "unplugged")
            elif mood == "fails":
                raise SourceError(f"{self.name}: is broken")
            elif mood == "gaps":
                yield Gap(0.1, "device")
            elif mood in ("well", "late"):
                if said == "lost":
                    yield State("connected", "again")
                heard_at = time.monotonic() - (60.1 if mood == "late" else 0.1)
                yield Block(np.zeros((1600, 1), dtype=np.float32), 16_000, heard_at)
            said = mood


class Failing(Output):
    """An output that a test has fail."""

    name, needed = "clips", True


class Running:
    """A run with health, and a source for each test to spoil."""

    def __init__(self, model: StepModel, limits: Limits) -> None:
        self.source, self.failing, self.log_failure = Moody(), Failing(), [None]
        card = model.card
        context = OutputContext(
            card=card,
            decoding=card.decoding,
            labels=card.labels,
            sources=["porch"],
            begun=["porch"],
            log_failure=lambda: self.log_failure[0],
        )
        self._health = HealthOutput("127.0.0.1:0", limits, context)
        self.address = f"127.0.0.1:{self._health.port}"
        self.outputs = Outputs([self._health, self.failing])
        self.stopping = threading.Event()
        self._model = model
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        decoding = self._model.card.decoding
        with contextlib.suppress(SourceError):  # a test has it fail
            listen(
                [self.source, Moody("yard")],
                self._model,
                window_of(self._model.card),
                lambda: Decoder(self._model.card.labels, decoding),
                MemorySink(),
                stopping=self.stopping,
                outputs=self.outputs,
            )

    def asked(self, path: str) -> tuple[int, Any]:
        """Status and content."""
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=5) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            status, content = exc.code, exc.read()
        return status, json.loads(content) if content[:1] == b"{" else content.decode()

    def until(self, is_so: Callable[[list[tuple[str, str]]], bool]) -> list[tuple[str, str]]:
        """Reason and source of each problem, once they are as wished; after ten seconds as they are."""
        end = time.monotonic() + 10.0
        while True:
            problems = [(one["reason"], one["source"]) for one in self.asked("/healthz")[1]["reasons"]]
            if is_so(problems) or time.monotonic() > end:
                return problems
            time.sleep(0.1)

    def close(self) -> None:
        self.stopping.set()
        self._thread.join()


@pytest.fixture
def running(model: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """With short limits, and coverage of the last ten seconds, which are all that coverage says anything of."""
    monkeypatch.setattr(edge.outputs.health.state, "WINDOW_SECONDS", 10.0)
    run = Running(model, Limits(lost=1.0, lag=2.0, coverage=0.8))
    yield run
    run.close()


@pytest.mark.parametrize(("mood", "reason"), [("lost", "lost"), ("hangs", "lost"), ("gaps", "lost"), ("late", "lag")])
def test_a_fault_turns_health_red_and_its_end_green(running: Running, mood: str, reason: str) -> None:
    """Within ten seconds, with the right reason, and of the right source only; the process lives on."""
    assert [] == running.until(lambda problems: not problems and running.asked("/readyz")[0] == 200)
    running.source.mood = mood
    assert (reason, "porch") in running.until(lambda problems: (reason, "porch") in problems)
    assert 503 == running.asked("/healthz")[0]
    assert (200, "ok\n") == running.asked("/livez")
    running.source.mood = "well"
    assert (reason, "porch") not in running.until(lambda problems: (reason, "porch") not in problems)


class Stalled:
    """A model whose steps do not come back until a test lets them."""

    def __init__(self, model: Model) -> None:
        self.card, self.embedding_size, self._model = model.card, model.embedding_size, model
        self.go_on = threading.Event()

    def step(self, audio: Floats, embeddings: Floats) -> Step:
        self.go_on.wait()
        return self._model.step(audio, embeddings)


def test_a_stalled_listener_answers(model: Model) -> None:
    """The process lives, is not ready, and says why."""
    stalled = Stalled(model)
    run = Running(stalled, Limits(lost=1.0))
    try:
        assert {("lost", "porch"), ("lost", "yard")} == set(run.until(lambda problems: len(problems) == 2))
        assert (200, "ok\n") == run.asked("/livez")
        assert 503 == run.asked("/healthz")[0]
        assert 200 == run.asked("/metrics")[0]
    finally:
        stalled.go_on.set()
        run.close()


def test_what_cannot_be_written_turns_health_red(running: Running) -> None:
    """The log and outputs, until they can be."""
    assert [] == running.until(lambda problems: not problems and running.asked("/readyz")[0] == 200)
    running.log_failure[0] = "No space left on device"
    running.failing.failure = "the quota is full"
    assert [("log", ""), ("clips", "")] == running.until(bool)
    running.log_failure[0] = running.failing.failure = None
    assert [] == running.until(lambda problems: not problems)
    running.source.mood = "fails"
    assert ("ended", "porch") in running.until(lambda problems: ("ended", "porch") in problems)


def test_metrics_say_how_a_run_is(running: Running) -> None:
    """With no labels but three, and the well-known names of the process."""
    running.until(lambda problems: not problems and running.asked("/readyz")[0] == 200)
    running.source.mood = "gaps"
    running.until(bool)
    _, text = running.asked("/metrics")
    samples = dict(re.findall(r"^([^# ]\S*(?:\{[^}]*\})?) (\S+)$", text, re.M))
    assert float(samples['sed_edge_heard_seconds_total{source="yard"}']) > 0.5
    assert float(samples['sed_edge_gap_seconds_total{reason="device",source="porch"}']) > 0.5
    assert "0.0" == samples["sed_edge_healthy"]
    assert "1.0" == samples['sed_edge_problem{reason="lost",source="porch"}']
    names = {name for key in samples if key.startswith("sed_") for name in re.findall(r'(\w+)="', key)}
    assert {"source", "reason"} <= names <= {"source", "label", "reason"}
    assert 404 == running.asked("/elsewhere")[0]


@pytest.mark.parametrize("address", ["9464", "127.0.0.1", "127.0.0.1:99999", "203.0.113.1:9464", "[::1]x:1"])
def test_an_address_that_cannot_be_had_is_refused(model: Model, address: str) -> None:
    """Before anything is heard, with what was expected."""
    card = model.card
    context = OutputContext(card=card, decoding=card.decoding, labels=card.labels, sources=[])
    with pytest.raises(SettingError, match=f"^--health {re.escape(address)}: .*(expected|give a free port)"):
        HealthOutput(address, Limits(), context)


def need(program: str) -> None:
    """Skip a test without it; fail where nothing may be missing."""
    if shutil.which(program) is None:
        message = f"needs {program}: apt install prometheus"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)


def test_prometheus_scrapes_a_run(running: Running, tmp_path: Path) -> None:
    """A real one, with the alert rules; it knows what is served by names and labels."""
    need("prometheus")
    config = tmp_path / "prometheus.yaml"
    config.write_text(
        f"global: {{scrape_interval: 200ms}}\nrule_files: ['{RULES}']\n"
        f"scrape_configs: [{{job_name: sed-edge, static_configs: [{{targets: ['{running.address}']}}]}}]\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        web = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path}", f"--web.listen-address={web}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        query = f"http://{web}/api/v1/query?query=sed_edge_heard_seconds_total"
        end, found = time.monotonic() + 30.0, list[Any]()
        while not found and time.monotonic() < end:
            time.sleep(0.2)
            try:
                with urllib.request.urlopen(query, timeout=5) as answer:
                    found = json.load(answer)["data"]["result"]
            except OSError:
                continue
        assert {"porch", "yard"} == {one["metric"]["source"] for one in found}
    finally:
        server.kill()
        server.wait()


def test_the_alert_rules_are_right() -> None:
    """As promtool says, and their cases come out as they say."""
    need("promtool")
    for command in (["check", "rules", RULES], ["test", "rules", RULES.with_name("alerts-test.yaml")]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert 0 == done.returncode, done.stdout + done.stderr


def test_rules_and_dashboard_name_metrics_that_there_are(running: Running) -> None:
    """And no other."""
    _, text = running.asked("/metrics")
    served = set(re.findall(r"^# TYPE (\w+) ", text, re.M)) | {"up"}
    for name in ("alerts.yaml", "dashboard.json"):
        named = set(re.findall(r"sed_edge_\w+", RULES.with_name(name).read_text()))
        assert set() == named - served, name
        assert named
