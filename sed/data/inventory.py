"""A table of the clips of each class, and of the problems with them."""

from collections.abc import Iterator, Sequence
from statistics import median

from sed.data.borders import active_spans
from sed.data.corpus import UNUSED_REASON, Clip, Corpus
from sed.recipe import Recipe

_ALL = "(all)"
_HEADER = ("class", "clips", "events", "hours", "median s", "problems")


def inventory_table(corpus: Corpus, recipe: Recipe) -> Iterator[str]:
    """The lines of the table, then the problems one by one.

    Events of weakly labelled clips are not counted (`-`, or `+` after the number of the others); their part in the
    median is the length of the spans found by level.

    Args:
        corpus: all clips.
        recipe: how a network will be trained on them.
    """
    sample_rate = recipe.frontend.sample_rate
    problems = list(_problems(corpus, recipe))
    rows: list[tuple[str, ...]] = [_HEADER]
    for label in corpus.labels:
        clips = [clip for clip in corpus.labelled if label in clip.labels]
        rows.append(_row(label, clips, sum(label in labels for labels, _, _ in problems), sample_rate))
    for name, others, background in (
        ("(no event)", corpus.distractors, False),
        ("(background)", corpus.backgrounds, True),
    ):
        count = sum(kind == background and not labels for labels, kind, _ in problems)
        if others or count:
            rows.append(_row(name, others, count, sample_rate))
    rows.append(_row(_ALL, corpus.clips, len(problems), sample_rate))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        numbers = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield f"{name:{widths[0]}}{numbers}"
    yield from dict.fromkeys(text for _, _, text in problems)


def _problems(corpus: Corpus, recipe: Recipe) -> Iterator[tuple[tuple[str, ...], bool, str]]:
    """Labels of a clip, whether it is a background, and the problem with it."""
    sample_rate = recipe.frontend.sample_rate
    for one in corpus.skipped:
        yield one.labels, one.background, f"skipped: {one.reason}"
    for clip in corpus.clips:
        if clip.damaged:
            yield clip.labels, clip.background, f"damaged: {clip.path}: {len(clip.audio) / sample_rate:.3f} s are left"
    silent = set()
    for clip in corpus.labelled:
        if clip.segments is None and not clip.spans and not active_spans(clip.audio, sample_rate):
            silent.add(clip.path)
            labels = ", ".join(clip.labels)
            yield clip.labels, False, f"silent: {clip.path}: is labelled {labels}, but no sound in it lasts 80 ms"
    predicted = [clip for clip in corpus.clips if clip.predicted]
    for clip in predicted:
        text = "come with confidences: predictions of a program, unless somebody has checked them, and not truth"
        yield clip.labels, False, f"predicted: {len(predicted)} clips, such as {predicted[0].path}: their labels {text}"
    unused = [clip for clip in corpus.unused(recipe.scenes) if clip.path not in silent]
    for clip in unused:
        yield clip.labels, False, f"unused: {len(unused)} clips: {UNUSED_REASON}"


def _row(name: str, clips: Sequence[Clip], problems: int, sample_rate: int) -> tuple[str, ...]:
    events = [event for clip in clips for event in clip.segments or () if name in (event[2], _ALL)]
    lengths = [offset - onset for onset, offset, _ in events]
    lengths += [offset - onset for clip in clips if clip.segments is None for onset, offset in clip.spans]
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
