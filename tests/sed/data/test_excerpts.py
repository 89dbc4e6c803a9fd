import numpy as np

from sed.data.excerpts import AudioSlice, find_excerpts


def test_events_that_sound_alone_are_found() -> None:
    """The dogs before and after the cat; a dog that overlaps the cat is not found."""
    segments = [(0, 10, "dog"), (15, 20, "dog"), (20, 40, "cat"), (25, 30, "dog"), (38, 45, "dog"), (50, 60, "dog")]
    expected = [(0, 20, "dog", ((0, 10), (15, 20))), (40, 100, "dog", ((10, 20),))]
    assert expected == list(find_excerpts(segments, 100))


def test_events_of_a_label_that_overlap_are_one() -> None:
    """Together they are alone or not."""
    segments = [(0, 10, "dog"), (5, 20, "dog"), (18, 30, "cat"), (40, 50, "dog"), (45, 60, "dog")]
    assert [(30, 100, "dog", ((10, 30),))] == list(find_excerpts(segments, 100))


def test_a_label_among_no_others_has_the_whole_recording() -> None:
    """With all of its events."""
    assert [(0, 100, "dog", ((5, 10), (20, 30)))] == list(find_excerpts([(5, 10, "dog"), (20, 30, "dog")], 100))
    assert [] == list(find_excerpts([], 100))


def test_a_slice_ends_at_its_end() -> None:
    """Whatever part is read: the samples after it may belong to another label."""
    stretch = AudioSlice(np.arange(10, dtype=np.float32), 3, 7)
    assert (4, [3, 4, 5, 6]) == (len(stretch), stretch[:].tolist())
    assert [5, 6] == stretch[2:100].tolist()
    assert [] == stretch[3:2].tolist()
