import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from review.cli.group import review
from review.store.clips import read_clips
from review.store.review_file import ReviewFile, read_reviews
from sed.cli.train import train
from tests.conftest import ROOT, invoke
from tests.review.conftest import MakeClip
from tests.review.page.server import said


def test_a_kill_in_the_middle_loses_no_verdict(tmp_path: Path, make_clip: MakeClip) -> None:
    """The page goes on where it was."""
    for number in range(4):
        make_clip(at=60.0 * number)
    command = [sys.executable, "-c", "from review.cli.group import review; review()"]
    for done in range(2):
        with subprocess.Popen(
            [*command, str(tmp_path / "clips"), "--page", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(rf"^4 clips, {2 * done} reviewed: http://127\.0\.0\.1:(\d+)/ ", line)
            assert found is not None, line
            for _ in range(2):
                clip = said(int(found[1]), "/state?client=me")["clips"][0]
                said(int(found[1]), "/review", {"client": "me", "clip": clip["key"], "verdict": "wrong"})
            process.send_signal(signal.SIGKILL)
    assert 4 == len({one.clip for one in read_reviews(tmp_path / "clips")})


def test_an_export_is_checked_by_the_training(tmp_path: Path, make_clip: MakeClip) -> None:
    """Which finds the labels, the sounds without events, and no problem."""
    for day in range(1, 6):
        make_clip(day=day, at=0.0), make_clip(day=day, at=60.0, label="rooster"), make_clip(day=day, at=120.0)
    file = ReviewFile(tmp_path / "clips")
    for clip in read_clips(tmp_path / "clips"):
        file.append(clip.review("wrong" if "120200" in clip.name else "right"))
    result = invoke(review, "export", tmp_path / "clips", "--out", tmp_path / "out")
    assert 0 == result.exit_code, result.stderr
    assert "15 clips (dog 5, rooster 5; 5 clips without an event) of 5 days, of which 1 are held out" in result.stderr
    checked = invoke(train, ROOT / "recipes" / "own.toml", "--data", tmp_path / "out", "--check-data")
    assert 0 == checked.exit_code, checked.stderr
    rows = [line.split() for line in checked.stdout.splitlines()]
    assert [["dog", "5", "5"], ["rooster", "5", "5"], ["(no", "event)", "5"]] == [row[:3] for row in rows[1:4]]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["missing"], 1, "missing: No such file or directory; give a folder that sed-stream --clips has filled"),
        (["."], 1, ".: holds no clips; give the folder of sed-stream --clips"),
        (
            ["export", ".", "--out", "new"],
            1,
            ".: no clip is confirmed to be right, wrong or another; review some first",
        ),
        (["clips", "--page", "0.0.0.0:0"], 2, "--page 0.0.0.0:0: other machines can reach this address"),
        (["odd"], 1, "odd/reviews.jsonl: holds no reviews of sed-review"),
    ],
    ids=str,
)
def test_bad_folders_are_said_in_one_line(
    tmp_path: Path,
    make_clip: MakeClip,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    exit_code: int,
    message: str,
) -> None:
    """Before anything is served or written."""
    make_clip()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "reviews.jsonl").write_text(json.dumps({"type": "start"}))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty" if "." in arguments else tmp_path)
    result = invoke(review, *arguments)
    assert (exit_code, 1) == (result.exit_code, result.stderr.count("\n")), result.stderr
    assert message in result.stderr
