"""What the page costs, and a tab that is left open."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray
from selenium.webdriver.common.by import By

from edge.log.records import Record
from tests.conftest import command
from tests.edge.outputs.test_all import free_address
from tests.edge.outputs.web.browser import chromium, until
from tests.edge.outputs.web.page.watched import SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

RATE, LIVE_SECONDS = 48_000, 58  # of live sound
EACH = 3  # runs that are compared with as many
OPEN_SECONDS = int(os.environ.get("SED_EDGE_TAB_SECONDS", "240"))  # of the tab that is left open


@contextlib.contextmanager
def streaming(recording: Path, log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`sed-stream` with a recording at its own pace."""
    words = [command("sed-stream"), "--name", f"porch={recording}", "--realtime", "--out", log, *options]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}) as process:
        try:
            yield process
        finally:
            process.terminate()


def read(address: str) -> None:
    """A tab that reads all that comes."""
    with contextlib.suppress(OSError, http.client.HTTPException), until(lambda: opened(address)) as client:
        while client.recv(65_536):
            pass


def opened(address: str) -> Any:
    """A connection that follows, or nothing yet."""
    host, port = address.split(":")
    with contextlib.suppress(OSError):
        client = socket.create_connection((host, int(port)), timeout=60)
        client.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client
    return None


def records_of(log: Path) -> list[Record]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@contextlib.contextmanager
def fed(pcm: bytes, log: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`sed-stream`, watched, with live sound on stdin that is written at its own pace."""
    words = [sys.executable, "-m", "tests.edge.outputs.web.page.watched", log.with_suffix(".json")]
    sound = ["-", "--live", "--pcm", f"s16le:{RATE}:1", "--duration", str(LIVE_SECONDS)]
    with subprocess.Popen(
        [*words, *sound, "--out", log, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[5],
    ) as process:
        feeder = threading.Thread(target=feed, args=(process, pcm))
        feeder.start()
        yield process
        feeder.join()


def feed(process: subprocess.Popen[bytes], pcm: bytes) -> None:
    """A twentieth of a second at a time."""
    assert process.stdin is not None
    size, begun = 2 * RATE // 20, time.monotonic()
    with contextlib.suppress(BrokenPipeError):
        for number, at in enumerate(range(0, len(pcm), size), start=1):
            process.stdin.write(pcm[at : at + size])
            process.stdin.flush()
            time.sleep(max(0.0, begun + number / 20 - time.monotonic()))
    with contextlib.suppress(BrokenPipeError):  # what could not be written to a command that has ended
        process.stdin.close()


@pytest.mark.alone
def test_three_tabs_cost_little(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """At most a tenth of the CPU time of all else in a live run; beside runs without a page there is no more lag.

    They are measured in the same seconds, so that whatever else the machine does burdens both.
    """
    wave = np.tile(soxr.resample(demo_audio, 16_000, RATE), 2)[: (LIVE_SECONDS + 2) * RATE]
    pcm, addresses = (wave * 32767).astype("<i2").tobytes(), [free_address() for _ in range(EACH)]
    logs = [tmp_path / f"{number}.jsonl" for number in range(2 * EACH)]
    with contextlib.ExitStack() as stack:
        options = [*[list[str]()] * EACH, *(["--page", address] for address in addresses)]
        runs = [stack.enter_context(fed(pcm, log, *more)) for log, more in zip(logs, options, strict=True)]
        for address in 3 * addresses:
            threading.Thread(target=read, args=(address,), daemon=True).start()
        assert [0] * len(runs) == [run.wait(LIVE_SECONDS + 60) for run in runs]
    spent = [json.loads(log.with_suffix(".json").read_text()) for log in logs]
    pages = sum(run[thread] for run in spent[EACH:] for thread in ("output page", "web --page"))
    plain, whole = (sum(sum(run.values()) for run in part) for part in (spent[:EACH], spent[EACH:]))
    stats = [records_of(log)[-2] for log in logs]
    lag, lag_beside = (sum(each["lag_seconds"] for each in part) / EACH for part in (stats[:EACH], stats[EACH:]))
    texts = [f"{1000 * seconds / SECONDS / EACH:.2f}" for seconds in (plain, whole, pages)]
    print("CPU ms a second: {}, with three tabs {}, of which the page {}".format(*texts))  # noqa: T201  # -s
    print(f"lag: {lag:.3f} s, with three tabs {lag_beside:.3f} s")  # noqa: T201
    assert [1.0] * len(logs) == [each["coverage"] for each in stats]
    assert pages <= 0.1 * (whole - pages)
    assert whole <= 1.2 * plain
    assert lag_beside <= 1.3 * lag


@pytest.mark.realtime
def test_tabs_left_open_change_nothing(tmp_path: Path, demo_audio: NDArray[np.float32]) -> None:
    """A browser's, which is live to the end, one that reads nothing, and a page that is never asked: the same log."""
    recording = tmp_path / "long.wav"
    soundfile.write(recording, np.tile(demo_audio, OPEN_SECONDS // 56 + 1)[: OPEN_SECONDS * 16_000], 16_000)
    address, logs = free_address(), [tmp_path / "alone.jsonl", tmp_path / "watched.jsonl"]
    with streaming(recording, logs[0]) as alone, streaming(recording, logs[1], "--page", address) as watched:
        stalled = until(lambda: opened(address))
        with chromium() as browser:
            browser.get(f"http://{address}/")
            assert until(lambda: "live" == browser.find_element(By.ID, "link").text)
            watched.wait(OPEN_SECONDS + 120)
            end = float(browser.find_element(By.TAG_NAME, "article").get_attribute("data-end") or 0)
            severe = [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]
        stalled.close()
        alone.wait(120)
    without, having = (without_clock(records_of(log)) for log in logs)
    assert without == having
    assert end > OPEN_SECONDS - 5
    assert [] == [message for message in severe if "ERR_CONNECTION" not in message and "ERR_INCOMPLETE" not in message]


def without_clock(records: list[Record]) -> list[Record]:
    """What was detected and lost, without times of day and speeds."""
    kept = ("type", "id", "label", "onset", "offset", "confidence", "closed_by", "reason")
    return [{name: record.get(name) for name in kept} for record in records if record["type"] != "stats"]
