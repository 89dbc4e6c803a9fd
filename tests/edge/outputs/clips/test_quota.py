import json
import os
import time
from pathlib import Path

import pytest

from edge.outputs.clips.quota import Quota
from edge.outputs.clips.settings import ClipSettings

_SIZE = 1000  # bytes of each clip's sound


def write_clip(
    folder: Path, number: int, *, label: str, confidence: float, days: float = 30, locked: bool = False
) -> int:
    """A clip that was written so many days ago; its bytes."""
    audio, described = folder / f"{number}.flac", folder / f"{number}.json"
    folder.mkdir(parents=True, exist_ok=True)
    audio.write_bytes(bytes(_SIZE))
    said = {"schema": "sed-edge-clip/1", "file": audio.name, "label": label, "confidence": confidence, "locked": locked}
    described.write_text(json.dumps(said))
    at = time.time() - days * 86_400
    os.utime(described, (at, at))
    return _SIZE + described.stat().st_size


def there(folder: Path) -> set[str]:
    """Names of the clips that are left."""
    return {path.stem for path in folder.rglob("*.json")}


def settings(**changed: float) -> ClipSettings:
    """No free space is asked for, and nothing is kept for ever, unless changed."""
    return ClipSettings(**{"least_free": 0, "best": 0, "days": 0.0} | changed)  # type: ignore[arg-type]  # of several types


def test_the_lowest_confidence_goes_first_then_the_oldest(tmp_path: Path) -> None:
    """And no more than must."""
    sizes = [
        write_clip(tmp_path, 1, label="dog", confidence=0.9, days=40),
        write_clip(tmp_path, 2, label="dog", confidence=0.5, days=10),
        write_clip(tmp_path, 3, label="rain", confidence=0.5, days=20),
        write_clip(tmp_path, 4, label="rain", confidence=0.7, days=50),
    ]
    quota = Quota(tmp_path, settings(quota=sum(sizes)))
    assert quota.make_room(sizes[2]) is None
    assert {"1", "2", "4"} == there(tmp_path)
    assert quota.make_room(2 * _SIZE) is None
    assert {"1", "4"} == there(tmp_path)


def test_the_best_the_newest_and_the_locked_are_kept(tmp_path: Path) -> None:
    """Where only these are left, there is no room, and the reason is said."""
    write_clip(tmp_path, 1, label="dog", confidence=0.6)  # the best dog
    write_clip(tmp_path, 2, label="dog", confidence=0.5)
    write_clip(tmp_path, 3, label="dog", confidence=0.4, days=1)
    write_clip(tmp_path, 4, label="dog", confidence=0.3, locked=True)
    write_clip(tmp_path / "near-misses", 5, label="dog", confidence=0.9)  # no event: not the best dog
    quota = Quota(tmp_path, settings(quota=5_000_000, best=1, days=7.0))
    assert "the quota of 0.005 GB is full of clips that are kept" == quota.make_room(5_000_000)
    assert {"1", "3", "4"} == there(tmp_path)


def test_those_that_were_reviewed_go_last(tmp_path: Path) -> None:
    """Whatever else stands in the file of reviews."""
    sizes = [write_clip(tmp_path, number, label="dog", confidence=number / 10) for number in (1, 2, 3)]
    (tmp_path / "reviews.jsonl").write_text('{"clip": "1.flac"}\n[]\n{"clip": ""}\n{"clip": 2}\n{"cl')
    quota = Quota(tmp_path, settings(quota=sum(sizes)))
    assert quota.make_room(2 * _SIZE) is None
    assert {"1"} == there(tmp_path)
    assert quota.make_room(3 * _SIZE) is None
    assert set() == there(tmp_path)


def test_unknown_files_are_left_alone_and_stop_nothing(tmp_path: Path) -> None:
    """Nor is anything outside the folder deleted, whatever a file of it says."""
    folder, outside = tmp_path / "clips", tmp_path / "letter.flac"
    outside.touch()
    write_clip(folder, 1, label="dog", confidence=0.5)
    contents = {
        "broken.json": b"{",
        "list.json": b"[1]",
        "deep.json": b"[" * 100_000,
        "bytes.json": b"\xff\x00",
        "letter.txt": b"Dear all",
        "evil.json": b'{"schema": "sed-edge-clip/1", "file": "../letter.flac", "label": "dog", "confidence": 0.1}',
        "odd.json": b'{"schema": "sed-edge-clip/1", "file": "1.flac", "label": 3, "confidence": "high"}',
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "loop").symlink_to(folder)
    quota = Quota(folder, settings(quota=10))
    assert quota.make_room(1) is None
    assert {*contents, "loop"} == {path.name for path in folder.iterdir()}
    assert outside.exists()


def test_the_disk_keeps_its_free_space(tmp_path: Path) -> None:
    """What is asked for is more than any disk has."""
    write_clip(tmp_path, 1, label="dog", confidence=0.5)
    quota = Quota(tmp_path, settings(quota=10**9, least_free=10**18))
    assert "less than 1e+09 GB are free on the disk" == quota.make_room(1)


@pytest.mark.slow
def test_ten_thousand_clips_are_brought_below_the_quota(tmp_path: Path) -> None:
    """All of one run, and exactly those of the lowest confidence."""
    sizes = [write_clip(tmp_path / str(n % 50), n, label="dog", confidence=n / 10_000) for n in range(10_000)]
    quota = Quota(tmp_path, settings(quota=sum(sizes)))
    assert sum(sizes) == quota.used_bytes
    assert quota.make_room(sum(sizes[:9_000])) is None
    assert {str(n) for n in range(9_000, 10_000)} == there(tmp_path)
