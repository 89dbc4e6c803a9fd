"""What there is to learn from, as a table by class, and what is wrong with it."""

from collections.abc import Iterator, Sequence
from statistics import median

from sed.borders import sounding
from sed.data import Clip, Corpus

_HEADER = ("class", "clips", "events", "hours", "median s", "problems")


def inventory(corpus: Corpus, sample_rate: int) -> Iterator[str]:
    """The lines of the table, then the problems one by one.

    Where borders are not known events are not counted (`-`, or `+` beside the number of those that are), and the
    median is that of what was found to sound.

    Args:
        corpus: all clips.
        sample_rate: Hz of its audio.
    """
    problems = [(one.labels, one.background, f"skipped: {one.reason}") for one in corpus.skipped]
    problems += [
        (clip.labels, clip.background, f"damaged: {clip.path}: {len(clip.audio) / sample_rate:.3f} s are left")
        for clip in corpus.clips
        if clip.damaged
    ]
    problems += [
        (clip.labels, False, f"silent: {clip.path}: is labelled {', '.join(clip.labels)}, and nothing sounds in it")
        for clip in corpus.recordings
        if clip.segments is None and not clip.pieces and not sounding(clip.audio, sample_rate)
    ]
    rows: list[tuple[str, ...]] = [_HEADER]
    for label in corpus.labels:
        clips = [clip for clip in corpus.recordings if label in clip.labels]
        rows.append(_row(label, clips, sum(label in labels for labels, _, _ in problems), sample_rate))
    for name, others, background in (
        ("(no event)", corpus.distractors, False),
        ("(background)", corpus.backgrounds, True),
    ):
        wrong = sum(kind == background and not labels for labels, kind, _ in problems)
        if others or wrong:
            rows.append(_row(name, others, wrong, sample_rate))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        numbers = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield f"{name:{widths[0]}}{numbers}"
    for _, _, text in problems:
        yield text


def _row(name: str, clips: Sequence[Clip], problems: int, sample_rate: int) -> tuple[str, ...]:
    events = [event for clip in clips for event in clip.segments or () if event[2] == name]
    lengths = [offset - onset for onset, offset, _ in events]
    lengths += [offset - onset for clip in clips if clip.segments is None for onset, offset in clip.pieces]
    unknown = any(clip.segments is None for clip in clips)
    hours = sum(len(clip.audio) for clip in clips) / sample_rate / 3600
    return (
        name,
        str(len(clips)),
        f"{len(events)}{'+' if unknown else ''}" if events or not unknown else "-",
        f"{hours:.3f}",
        f"{median(lengths) / sample_rate:.2f}" if lengths else "-",
        str(problems),
    )
