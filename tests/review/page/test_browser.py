"""The page in a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.wait import WebDriverWait

from review.store.review_file import newest_reviews, read_reviews
from tests.review.conftest import MakeClip
from tests.review.page.server import served


@pytest.fixture
def browser() -> Iterator[Chrome]:
    """Debian's Chromium, without a window, as narrow as a phone."""
    driver = shutil.which("chromedriver")
    if driver is None:
        message = "needs Chromium: apt install chromium chromium-driver"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    options = ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=500,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=ChromeService(driver))
    yield chrome
    chrome.quit()


def test_one_key_a_clip(tmp_path: Path, make_clip: MakeClip, browser: Chrome) -> None:
    """Borders are dragged, the next clip is loaded already and plays at once, and a verdict is undone."""
    for label, score in (("crow", 0.51), ("dog", 0.52), ("hen", 0.53), ("owl", 0.54)):
        make_clip(label=label, score=score)
    with served(tmp_path / "clips") as port:
        browser.get(f"http://127.0.0.1:{port}/")
        wait = WebDriverWait(browser, 20).until
        keys: Callable[[str], None] = lambda text: ActionChains(browser).send_keys(text).perform()  # noqa: E731
        asks: Callable[[str], object] = lambda label: wait(lambda _: browser.find_element("id", "label").text == label)  # noqa: E731
        asks("crow")
        wait(lambda _: browser.execute_script("return queue.length > 1 && queue[1].sound.readyState === 4"))
        stage = browser.find_element("id", "stage").rect["width"]
        offset = browser.find_element("id", "offset")
        ActionChains(browser).drag_and_drop_by_offset(offset, round(stage / 6), 0).perform()
        keys("r")
        asks("dog")
        wait(lambda _: browser.execute_script("return !queue[0].sound.paused && queue[0].sound.currentTime > 0"))
        keys("w"), asks("hen")
        keys("o"), keys("fox\n"), asks("owl")
        keys("u"), wait(lambda _: browser.find_element("id", "done").is_displayed())
        keys("z"), asks("owl")
        wait(lambda _: "1 of 1 (100 %)" in browser.find_element("id", "progress").text)
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert [] == browser.get_log("browser")
    found = {one.label: one for one in newest_reviews(read_reviews(tmp_path / "clips")).values()}
    assert {"crow": "right", "dog": "wrong", "hen": "other"} == {label: one.verdict for label, one in found.items()}
    assert ("fox", 1.0) == (found["hen"].true_label, found["hen"].true_onset)
    assert found["crow"].true_offset == pytest.approx(2.5, abs=0.02)
