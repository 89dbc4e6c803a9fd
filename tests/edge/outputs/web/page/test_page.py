"""The live page beside a run: in a real browser, and with clients that mean no good."""

import json
import random
import re
import socket
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver

from edge.log.sinks import MemorySink
from edge.model.inference import Model
from tests.edge.outputs.web.browser import chromium, until
from tests.edge.outputs.web.page.running import running
from tests.edge.outputs.web.server import asked

pytestmark = pytest.mark.realtime

Run = tuple[int, MemorySink]

# How many colours the right half of the spectrogram has, and a number that changes with it.
PIXELS = """
const canvas = document.querySelector('.chart canvas'), half = canvas.width / 2;
const data = canvas.getContext('2d').getImageData(half, 10, half - 20, 100).data;
return [new Set(new Uint32Array(data.buffer)).size, data.reduce((sum, value, i) => (sum * 31 + value * i) % 1e9, 7)];
"""


@pytest.fixture(scope="module")
def run(model: Model, demo_audio: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One for all tests of a process; its log is whole at the end."""
    with running(model, demo_audio, tmp_path_factory.mktemp("clips")) as (port, sink):
        yield port, sink
    assert {"device"} >= {record["reason"] for record in sink.records if record["type"] == "gap"}
    assert [] == [record for record in sink.records if record["type"] == "output"]


def test_a_browser_draws_follows_and_answers(run: Run) -> None:
    """Spectrogram and lanes move, events come, a moment is explained, a clip is played; nothing breaks the policy."""
    port, _ = run
    with chromium() as browser:
        browser.get(f"http://127.0.0.1:{port}/")
        assert until(lambda: "live" == browser.find_element(By.ID, "link").text)
        rows = until(lambda: browser.find_elements(By.CSS_SELECTOR, "#events tbody tr"))
        assert "porch" == rows[0].find_elements(By.TAG_NAME, "td")[1].text
        assert until(lambda: browser.execute_script(PIXELS)[0] > 50)
        before = browser.execute_script(PIXELS)[1]
        assert until(lambda: browser.execute_script(PIXELS)[1] != before)
        assert re.match(r"coverage .* lag .* s +level -\d+ dBFS", browser.find_element(By.CLASS_NAME, "figures").text)
        assert "on threshold" in until(lambda: why_of(browser))
        until(lambda: len(browser.find_elements(By.CSS_SELECTOR, "#events button")) > 3)
        browser.find_elements(By.CSS_SELECTOR, "#events button")[-1].click()
        length = "return document.querySelector('audio')?.duration"
        assert until(lambda: browser.execute_script(length)) > 4.0
        severe = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
        assert [] == [line for line in severe if "/picture/" not in line["message"]]  # there is none


def why_of(browser: WebDriver) -> str:
    """What the page says when one points at the moment fifteen seconds ago, or had the question before."""
    over = browser.find_element(By.CLASS_NAME, "u-over")
    ActionChains(browser).move_to_element_with_offset(over, over.size["width"] // 4, 0).click().perform()
    return browser.find_element(By.CLASS_NAME, "why").text


def test_a_moment_is_explained(run: Run) -> None:
    """By the log where there was an event or a gap, by the decoder elsewhere; what is no question is refused."""
    port, sink = run
    event = until(lambda: [record for record in sink.records if record["type"] == "event"])[0]
    middle = (event["onset"] + event["offset"]) / 2

    def answered() -> dict[str, Any] | None:
        status, content, _ = asked(port, f"/why?source=porch&at={middle}")
        assert 200 == status
        answer: dict[str, Any] = json.loads(content)
        return answer if answer["notes"] and answer["verdicts"] else None  # the page may be seconds behind the log

    answer = until(answered) or {}
    assert f"{event['label']} was reported" == answer["notes"][0].partition(", with")[0]
    assert (event["label"], "reported") == (answer["verdicts"][0]["label"], answer["verdicts"][0]["cause"])
    assert ["not processed yet"] == json.loads(asked(port, "/why?source=porch&at=99999")[1])["notes"]
    for strange in (
        "",
        "?source=porch",
        "?source=x&at=1",
        *(f"?source=porch&at={at}" for at in ("-1", "nan", "inf", "x")),
    ):
        assert 400 == asked(port, f"/why{strange}")[0]


def test_no_file_is_given_away_but_the_page_s_and_clips(run: Run) -> None:
    """Whatever the path."""
    port, _ = run
    for name in ("page.js", "chart.js", "lists.js", "page.css", "uplot.js", "uplot.css", "icon.svg"):
        status, _, headers = asked(port, f"/static/{name}")
        assert 200 == status
        assert 304 == asked(port, f"/static/{name}", {"If-None-Match": headers["ETag"]})[0]
    up = ("..", "%2e%2e", "..%2f..", "%252e%252e", "..\\..", "....//")
    for path in [f"/{root}/{step}/{step}/etc/passwd" for root in ("static", "clip", "picture") for step in up]:
        assert 404 == asked(port, path)[0], path
    for path in (
        "/static/uplot-LICENSE.txt",
        "/static/",
        "/clip/",
        "/clip/-1",
        "/clip/1.flac",
        "/clip/999999",
        "//etc/passwd",
    ):
        assert 404 == asked(port, path)[0], path


def test_behind_a_proxy_the_page_knows_its_path(run: Run) -> None:
    """All other addresses in it are relative."""
    port, _ = run
    for path in ("/", "/sed/"):
        content = asked(port, path, {"X-Forwarded-Prefix": "/sed"})[1]
        assert '<base href="/sed/">' in content
        assert [] == re.findall(r'(?:href|src)="(?:/|\w+:)(?!sed/)[^"]*"', content)
    assert '<base href="/">' in asked(port, "/", {"X-Forwarded-Prefix": '/"onload="x'})[1]


def test_strange_requests_are_answered(run: Run) -> None:
    """Five hundred, none with an error of ours."""
    port, _ = run
    chance = random.Random(3)
    words = ["why", "clip", "static", "1", "..", "%00", "é", "?at=", "&source=porch", "=", "/", "\U0001f415", "9" * 400]
    names, values = ["Range", "X-Ingress-Path", "If-None-Match", "Accept"], ["bytes=9-1", "/a", "x", '"']
    for _ in range(500):
        path = urllib.parse.quote("/" + "".join(chance.choices(words, k=chance.randint(1, 6))), safe="/?&=%.")
        assert asked(port, path, {chance.choice(names): chance.choice(values)})[0] < 500, path


def test_two_hundred_clients_do_no_harm(run: Run) -> None:
    """Some are served, the others refused or cut off; all of them stall, and the log goes on."""
    port, sink = run
    clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(200)]
    answers = []
    for client in clients:
        try:
            client.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers.append(client.recv(12).decode())
        except ConnectionError:
            answers.append("")
    assert {"HTTP/1.1 200": 32, "HTTP/1.1 503": 96} == {
        answer: answers.count(answer) for answer in set(answers) if answer != ""
    }
    count = len(sink.records)
    assert until(lambda: len(sink.records) > count)
    for client in clients:
        client.close()
    assert until(lambda: b"200" in first_line(port))


def first_line(port: int) -> bytes:
    """Of an answer to a new tab."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client.recv(12)
