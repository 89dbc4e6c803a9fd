"""Draws docs/pictures/review.webp: the page of sed-review, with clips of the demo recording.

    python demo/draw_review.py

Needs Chromium and its driver. `make pictures` runs it.
"""

import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from draw_page import HERE, PICTURES, chromium
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

SIZE = (1000, 980)
REVIEWED = 3


def main() -> None:
    """Save clips, review some, and draw what is asked about next."""
    with tempfile.TemporaryDirectory() as clips, tempfile.TemporaryDirectory() as folder:
        scores = f"{folder}/scores.npz"
        options = ("--name", f"porch={HERE / 'recording.ogg'}", "--started-at", "2026-11-30T04:30:00Z")
        saving = (*options, "--scores", scores, "--clips", clips, "--clip-option", "near=0.2")
        subprocess.run([command("sed-stream"), *saving], stdout=subprocess.DEVNULL, check=True)
        serving = [command("sed-review"), clips, "--scores", scores, "--page", "127.0.0.1:0"]
        with subprocess.Popen(serving, stderr=subprocess.PIPE, text=True) as page:
            assert page.stderr is not None
            found = re.search(r"http://\S+/", page.stderr.readline())
            assert found is not None
            try:
                draw(found[0], PICTURES / "review.webp")
            finally:
                page.terminate()


def draw(url: str, path: Path) -> None:
    """Say that some clips are right, and keep what is seen then."""
    browser = chromium(*SIZE)
    try:
        browser.get(url)
        for reviewed in range(REVIEWED + 1):
            wait = WebDriverWait(browser, 30)
            wait.until(lambda _: browser.execute_script("return queue.length > 0 && queue[0].picture.complete"))
            if reviewed < REVIEWED:
                ActionChains(browser).send_keys("r").perform()
        wait.until(lambda _: browser.execute_script("return unsettled.size === 0 && queue[0].sound.currentTime > 1"))
        Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB").save(path, quality=80, method=6)
    finally:
        browser.quit()


def command(name: str) -> Path:
    """One of the console scripts."""
    return Path(sys.executable).with_name(name)


if __name__ == "__main__":
    main()
