"""Draws docs/pictures/live-page.webp and live-page-phone.webp: the live page while the demo recording plays.

    python demo/draw_page.py

Needs Chromium and its driver; takes a minute, since the recording plays at its own pace. `make pictures` runs it.
"""

import io
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

HERE = Path(__file__).parent
PICTURES = HERE.parent / "docs" / "pictures"
PLAYED_SECONDS, SHOWN_SECONDS, NEAR_MISS_SECONDS = 54.0, 60.0, 6.6
SIZES = {"live-page": (1100, 1150), "live-page-phone": (500, 1150)}


def main() -> None:
    """Play the recording, and draw the page in both sizes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as clips:
        command = [
            Path(sys.executable).with_name("sed-stream"),
            "--name",
            f"porch={HERE / 'recording.ogg'}",
            "--realtime",
        ]
        stream = subprocess.Popen([*command, "--page", address, "--clips", clips], stdout=subprocess.DEVNULL)
        began, browsers = time.monotonic(), {name: chromium(*size) for name, size in SIZES.items()}
        try:
            for browser in browsers.values():
                browser.get(f"http://{address}/")
            time.sleep(began + PLAYED_SECONDS - time.monotonic())
            for name, browser in browsers.items():
                draw(browser, PICTURES / f"{name}.webp")
        finally:
            for browser in browsers.values():
                browser.quit()
            stream.terminate()
            stream.wait()


def chromium(width: int, height: int) -> webdriver.Chrome:
    """A browser without a window."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("headless=new", "no-sandbox", "disable-gpu", f"window-size={width},{height}"):
        options.add_argument(f"--{argument}")
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def draw(browser: webdriver.Chrome, path: Path) -> None:
    """Point at the near miss, a crow that was nearly taken for a bark, and keep what is seen."""
    over = browser.find_element(By.CLASS_NAME, "u-over")
    newest = float(browser.find_element(By.TAG_NAME, "article").get_attribute("data-end") or 0)
    place = (NEAR_MISS_SECONDS - newest + SHOWN_SECONDS) / SHOWN_SECONDS - 0.5
    ActionChains(browser).move_to_element_with_offset(over, round(place * over.size["width"]), 0).click().perform()
    time.sleep(1.0)
    Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB").save(path, quality=80, method=6)


if __name__ == "__main__":
    main()
