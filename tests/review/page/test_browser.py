"""The page in a real browser."""

from pathlib import Path

import pytest
from selenium.webdriver import ActionChains

from review.store.review_file import newest_reviews, read_reviews
from tests.edge.outputs.web.browser import chromium, until
from tests.review.conftest import MakeClip
from tests.review.page.server import served


def test_one_key_a_clip(tmp_path: Path, make_clip: MakeClip) -> None:
    """Borders are dragged, the next clip is loaded already and plays at once, and a verdict is undone."""
    for label, score in (("crow", 0.51), ("dog", 0.52), ("hen", 0.53), ("owl", 0.54)):
        make_clip(label=label, score=score)
    with served(tmp_path / "clips") as port, chromium(width=500) as browser:

        def press(text: str, then: str) -> None:
            ActionChains(browser).send_keys(text).perform()
            assert until(lambda: browser.find_element("id", "label").text == then), then

        browser.get(f"http://127.0.0.1:{port}/")
        assert until(lambda: browser.execute_script("return queue.length > 1 && queue[1].sound.readyState === 4"))
        offset, width = browser.find_element("id", "offset"), browser.find_element("id", "stage").rect["width"]
        ActionChains(browser).drag_and_drop_by_offset(offset, round(width / 6), 0).perform()
        press("r", then="dog")
        assert until(lambda: browser.execute_script("return !queue[0].sound.paused && queue[0].sound.currentTime > 0"))
        press("w", then="hen")
        press("o", then="hen")
        press("fox\n", then="owl")
        ActionChains(browser).send_keys("u").perform()
        assert until(lambda: browser.find_element("id", "done").is_displayed())
        press("z", then="owl")
        assert until(lambda: "1 of 1 (100 %)" in browser.find_element("id", "progress").text)
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert [] == browser.get_log("browser")
    found = {one.label: one for one in newest_reviews(read_reviews(tmp_path / "clips")).values()}
    assert {"crow": "right", "dog": "wrong", "hen": "other"} == {label: one.verdict for label, one in found.items()}
    assert ("fox", 1.0) == (found["hen"].true_label, found["hen"].true_onset)
    assert found["crow"].true_offset == pytest.approx(2.5, abs=0.02)


def test_scores_are_drawn_below_the_spectrogram(tmp_path: Path, make_clip: MakeClip, kept_scores: Path) -> None:
    """A ribbon of the clip's label and one of another that is high, with thresholds; none without scores."""
    make_clip(score=0.52)
    make_clip(score=0.51, day=2)
    with served(tmp_path / "clips", scores=[kept_scores]) as port, chromium() as browser:
        browser.get(f"http://127.0.0.1:{port}/")
        assert until(lambda: browser.execute_script("return queue[0] && queue[0].scores.then((found) => !found)"))
        assert [] == browser.find_elements("class name", "ribbon")
        ActionChains(browser).send_keys("u").perform()
        dog, rooster = until(lambda: browser.find_elements("class name", "ribbon"))
        assert ["dog", "rooster"] == [dog.text, rooster.text]
        assert ["0.5", "0.7"] == [dog.find_element("class name", name).get_attribute("y1") for name in ("on", "off")]
        path = dog.find_element("tag name", "path").get_attribute("d") or ""
        assert path.startswith("M0.025 0.820L0.075 0.819")
        assert 2 == path.count("M")  # a frame was lost
        stage, line = browser.find_element("id", "stage").rect, rooster.find_element("tag name", "path").rect
        assert (stage["x"], stage["width"]) == pytest.approx((line["x"], line["width"]), abs=0.03 * stage["width"])
        assert browser.find_element("id", "picture").rect["height"] + 60 < stage["height"]
        assert [] == browser.get_log("browser")
