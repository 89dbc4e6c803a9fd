"""What the page costs, and a tab that is left open."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from selenium.webdriver.common.by import By

from edge.log.records import Record
from tests.conftest import DEMO, command
from tests.edge.outputs.test_all import free_address
from tests.edge.outputs.web.browser import chromium, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

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


def cost(folder: Path, seconds: int, *, page: bool) -> tuple[float, Record]:
    """CPU seconds of a run, with a page and three tabs or without, and its figures."""
    log, address = folder / f"{seconds}-{page}.jsonl", free_address()
    options = ["--page", address] if page else []
    with streaming(DEMO, log, "--duration", str(seconds), *options) as process:
        tabs = [threading.Thread(target=read, args=(address,)) for _ in range(3 if page else 0)]
        for tab in tabs:
            tab.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        for tab in tabs:
            tab.join()
    assert 0 == process.returncode
    return used.ru_utime + used.ru_stime, records_of(log)[-2]


@pytest.mark.alone
def test_three_tabs_cost_little(tmp_path: Path) -> None:
    """At most a fifth more CPU time than one source without a page, after the start; not a gap."""
    runs = [(seconds, page) for page in (False, True) for seconds in (4, 52)]
    with ThreadPoolExecutor() as pool:
        spent = list(pool.map(lambda run: cost(tmp_path, run[0], page=run[1]), runs))
    assert [(1.0, 52.0)] * 2 == [(stats["coverage"], stats["audio_seconds"]) for _, stats in spent[1::2]]
    before, after = (spent[whole][0] - spent[begun][0] for begun, whole in ((0, 1), (2, 3)))
    print(f"CPU ms a second of one source: {before / 0.048:.2f}, with three tabs {after / 0.048:.2f}")  # noqa: T201  # -s
    assert after <= 1.2 * before


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
