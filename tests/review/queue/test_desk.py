from pathlib import Path

import pytest

from review.errors import ReviewError
from review.queue.desk import Desk
from review.store.review_file import newest_reviews, read_reviews
from tests.review.conftest import MakeClip


def test_the_most_informative_clips_come_first(tmp_path: Path, make_clip: MakeClip) -> None:
    """Near the threshold, by turns of the labels; then labels with few reviews; then the others."""
    for number, score in enumerate([0.52, 0.41, 0.58]):
        make_clip(at=10.0 * number, score=score, kind="event" if score > 0.5 else "near miss")
    make_clip(at=100.0, score=0.59, label="rooster")
    for number in range(12):
        make_clip(at=200.0 + number, score=0.9)
    make_clip(at=300.0, score=0.99, label="hen")
    desk, said = Desk([tmp_path / "clips"]), []
    while asked := desk.next_clips("me", 1):
        said.append((asked[0].picked, asked[0].clip.label, asked[0].clip.score))
        desk.answer(asked[0].key, "right", picked=asked[0].picked)
    near = [("dog", 0.52), ("rooster", 0.59), ("dog", 0.58), ("dog", 0.41)]
    rare = [("hen", 0.99), *[("dog", 0.9)] * 7]
    expected = [("threshold", *one) for one in near] + [("rare", *one) for one in rare] + [("random", "dog", 0.9)] * 5
    assert expected == said
    assert ["threshold"] * 4 == [review.picked for review in read_reviews(tmp_path / "clips")[:4]]


def test_two_people_are_not_asked_about_one_clip(tmp_path: Path, make_clip: MakeClip) -> None:
    """At one desk; what is said at another is seen before the next answer, and a deleted clip is passed over."""
    paths = [make_clip(at=10.0 * number) for number in range(5)]
    desk, another = Desk([tmp_path / "clips"]), Desk([tmp_path / "clips"])
    ann, bob = desk.next_clips("ann", 2), desk.next_clips("bob", 2)
    assert 4 == len({asked.key for asked in [*ann, *bob]})
    assert ann == desk.next_clips("ann", 2)
    for asked in [*ann, *bob]:
        another.answer(asked.key, "wrong")
    (last,) = desk.next_clips("ann", 2)
    (tmp_path / "clips" / last.clip.name).unlink()
    assert [] == desk.next_clips("ann", 2)
    with pytest.raises(ReviewError, match="is not there any more"):
        desk.answer(last.key, "right")
    assert 5 == len(paths)


def test_a_verdict_can_be_undone(tmp_path: Path, make_clip: MakeClip) -> None:
    """The clip is handed out again; what was never said cannot be undone."""
    make_clip(), make_clip(at=10.0)
    desk = Desk([tmp_path / "clips"], reviewer="ann")
    (first,) = desk.next_clips("me", 1)
    desk.answer(first.key, "other", label="fox", picked=first.picked)
    assert ["dog", "fox"] == desk.labels()
    assert (2, 1, 1, 0) == (lambda one: (one.clips, one.reviewed, one.events, one.events_right))(desk.progress()[0])
    assert first == desk.withdraw("me", first.key)
    assert None is desk.withdraw("me", first.key)
    assert {} == newest_reviews(read_reviews(tmp_path / "clips"))
    assert 2 == len(desk.next_clips("me", 5))


def test_a_folder_without_clips_is_said(tmp_path: Path) -> None:
    """With the options that fill it."""
    with pytest.raises(ReviewError, match=r"holds no clips; give the folder of sed-stream --clips"):
        Desk([tmp_path])
