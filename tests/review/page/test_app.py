import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from review.page.spectrogram import draw
from review.store.review_file import read_reviews
from tests.review.conftest import MakeClip
from tests.review.page.server import asked, of, said, served


def test_a_clip_is_heard_seen_and_decided(tmp_path: Path, make_clip: MakeClip) -> None:
    """Its sound is the file itself; a verdict is in the file when the next clips are answered, and can be undone."""
    path = make_clip(at=0.0)
    make_clip(at=60.0, label="rooster", score=0.9)
    with served(tmp_path / "clips") as port:
        first, second = said(port, "/state?client=me")["clips"]
        assert ("dog", 0.5, 1.0, 2.0, "threshold") == tuple(
            first[name] for name in ("label", "threshold", "onset", "offset", "picked")
        )
        assert (200, path.read_bytes()) == asked(port, of(first, "sound"))
        assert b"\x89PNG" == asked(port, of(first, "picture"))[1][:4]
        verdict = {"client": "me", "clip": first["key"], "verdict": "right", "onset": 1.25, "offset": 2.0}
        after = said(port, "/review", verdict | {"picked": "threshold", "took_seconds": 2.5})
        assert ([second], ["dog", "rooster"]) == (after["clips"], after["labels"])
        (review,) = read_reviews(tmp_path / "clips")
        assert ("ann", 1.25, 2.5, "threshold") == (
            *(review.reviewer, review.true_onset),
            *(review.took_seconds, review.picked),
        )
        assert first == said(port, "/undo", {"client": "me", "clip": first["key"]})["undone"]
        assert None is said(port, "/undo", {"client": "me", "clip": second["key"]})["undone"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"verdict": "perhaps"}, 400),
        ({"verdict": "other"}, 400),
        ({"verdict": "other", "label": ["fox"]}, 400),
        ({"verdict": "right", "onset": "1"}, 400),
        ({"verdict": "right", "offset": 3600}, 400),
        ({"verdict": "wrong", "reviewer": "bob"}, 400),
        ({"verdict": "wrong", "clip": "0/../../etc/passwd"}, 409),
        ("[" * 2000, 400),
        ("no JSON", 400),
        ("x" * 5000, 413),
    ],
    ids=str,
)
def test_what_is_no_verdict_is_refused(tmp_path: Path, make_clip: MakeClip, wrong: Any, status: int) -> None:
    """And nothing is written."""
    make_clip()
    with served(tmp_path / "clips") as port:
        (clip,) = said(port, "/state?client=me")["clips"]
        body = {"client": "me", "clip": clip["key"]} | wrong if isinstance(wrong, dict) else wrong
        assert status == asked(port, "/review", body)[0]
    assert not (tmp_path / "clips" / "reviews.jsonl").exists()


def test_no_other_file_can_be_asked_for(tmp_path: Path, make_clip: MakeClip) -> None:
    """Whatever the key; and a clip that is deleted is gone, for its sound and for a verdict."""
    path = make_clip()
    (tmp_path / "secret.flac").write_bytes(path.read_bytes())
    with served(tmp_path / "clips") as port:
        (clip,) = said(port, "/state?client=me")["clips"]
        for key in (
            "",
            "0/../secret.flac",
            "../secret.flac",
            "1/x",
            str(tmp_path / "secret.flac"),
            "0/%2e%2e/secret.flac",
        ):
            assert 410 == asked(port, of({"key": key}, "sound"))[0] == asked(port, of({"key": key}, "picture"))[0]
        assert 404 == asked(port, "/static/../app.py")[0] == asked(port, "/static/%2e%2e%2fapp.py")[0]
        path.unlink()
        assert 410 == asked(port, of(clip, "sound"))[0]
        assert 409 == asked(port, "/review", {"clip": clip["key"], "verdict": "right"})[0]
        assert [] == said(port, "/state?client=me")["clips"]


def test_a_full_disk_is_said_and_the_clip_stays_open(tmp_path: Path, make_clip: MakeClip) -> None:
    """The next verdict is tried anew."""
    make_clip()
    reviews = tmp_path / "clips" / "reviews.jsonl"
    reviews.symlink_to("/dev/full")
    with served(tmp_path / "clips") as port:
        (clip,) = said(port, "/state?client=me")["clips"]
        verdict = {"client": "me", "clip": clip["key"], "verdict": "wrong"}
        assert (507, b'{"error":"the review cannot be written: No space left on device"}') == asked(
            port, "/review", verdict
        )
        assert [clip] == said(port, "/state?client=me")["clips"]
        reviews.unlink()
        assert [] == said(port, "/review", verdict)["clips"]


def test_the_picture_shows_what_sounds_when(tmp_path: Path) -> None:
    """A high tone in the first half of a stereo clip is at the top left, whatever the rate and the length."""
    for rate, seconds in ((16000, 2.0), (192000, 1.0), (8000, 60.0), (8000, 0.001)):
        times = np.arange(max(1, round(rate * seconds))) / rate
        tone = np.sin(2 * np.pi * 0.4 * rate * times) * (times < seconds / 2)
        soundfile.write(tmp_path / "tone.flac", 0.5 * np.stack([tone, tone], axis=1), rate)
        picture = draw(tmp_path / "tone.flac")
        shades = pixels(picture)
        if seconds > 0.1:
            half = shades.shape[1] // 2
            assert shades[:20, : half - 10].max() == 255 and shades[:, half + 10 :].max() == 0
            assert shades[40:, : half - 10].max() < 128
        assert shades.shape[1] <= 1001


def pixels(picture: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The indices of a picture's colours, read by Pillow, which matplotlib brings."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(picture)))
