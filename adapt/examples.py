"""Reviewed clips, as the model scores them.

The sound of each clip goes through the model once, as a whole recording; scores and embeddings of its frames are kept.
The stream heard more before and after, which matters most to doubtful events: so the logits of the reviewed label are
moved until their peak is the one that the stream reported. A verdict makes one example or two: `other` says that one
label is wrong and that another is right.
"""

import dataclasses
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from adapt.errors import ReviewsError
from adapt.solving import logit, sigmoid
from edge.detection import Decoder
from edge.errors import SourceError
from edge.model import Card, ClassDecoding, Floats, Model
from edge.sources import read_audio
from review.store import OTHER, RIGHT, UNSURE, Review, newest_reviews, read_reviews

_log = logging.getLogger(__name__)

_LEAST_DAYS = 5  # fewer are not held out one by one
_BLOCKS = 8  # of time, that are held out instead
_LEAST_SCORE, _GREATEST_SCORE = 1e-4, 0.9999  # as rounded in the log, what is beyond them is not known


@dataclass(frozen=True, kw_only=True)
class Example:
    """A label that a person called right or wrong at a place in a clip.

    Attributes:
        clip: path of the clip, as the review has it.
        day: of the event; see `Review.day`.
        label: event label.
        right: whether it is there.
        reported: whether the log has it; else it was a near miss, or another label was reported.
        listed: whether it was reported or a near miss, so that its score is one that was looked for.
        group: the day, or the block of time, that is held out as a whole.
        begin: first frame.
        end: frame after the last.
        scores: `[frames, classes]` of the clip.
        embeddings: `[frames, size]` of the clip.
    """

    clip: str
    day: str
    label: str
    right: bool
    reported: bool
    listed: bool
    group: str
    begin: int
    end: int
    scores: Floats
    embeddings: Floats

    def peak(self, decoding: ClassDecoding, scores: Floats, column: int) -> float:
        """The peak of the smoothed score here, of the label in this column of the clip's scores."""
        padded = np.pad(scores[:, column], decoding.median_frames // 2)
        smooth = np.median(sliding_window_view(padded, decoding.median_frames), axis=1)
        return float(smooth[self.begin : self.end].max())

    def is_detected(self, card: Card, decoding: ClassDecoding, scores: Floats) -> bool:
        """Whether the decoder finds an event of the label here, with these settings and scores of the clip."""
        decoder = Decoder(card.labels, {**card.decoding, self.label: decoding}, [self.label])
        events = decoder.push(scores) + decoder.flush()
        return any(event.onset_frame < self.end and self.begin < event.offset_frame for event in events)


def read_examples(model: Model, paths: Iterable[Path], *, as_reported: bool = True) -> list[Example]:
    """The examples of reviews.

    Args:
        model: that is to be adapted.
        paths: of `reviews.jsonl`, or of the folders of clips that it lies in.
        as_reported: whether the logits of a label are moved to the score that the stream reported.

    Raises:
        OSError: if a file cannot be read.
        ReviewError: if a file holds something else.
        ReviewsError: if no review says that a label of the model is right or wrong.
    """
    reviews = []
    for path in paths:
        folder = path if path.is_dir() else path.parent
        reviews += [(folder, one) for one in newest_reviews(read_reviews(path)).values() if one.verdict != UNSURE]
    # The name of a clip begins with its time: near misses, which have a folder of their own, come beside events.
    reviews.sort(key=lambda one: (one[1].onset_utc or "", one[1].source, PurePosixPath(one[1].clip).name))
    groups = _groups([review for _, review in reviews])
    examples: list[Example] = []
    for (folder, review), group in zip(reviews, groups, strict=True):
        found = _examples(model, folder, review, group)
        examples += [_as_reported(one, model.card, review) for one in found] if as_reported else found
    if not examples:
        raise ReviewsError(
            f"none of {len(reviews)} reviews says right or wrong of a clip that is there and a label of "
            f"{model.card.model_id}; give the folder of clips with its reviews.jsonl"
        )
    return examples


def _groups(reviews: Sequence[Review]) -> list[str]:
    """The day of each review; where there are few, blocks of time with equally many reviews."""
    days = [review.day for review in reviews]
    if len(set(days)) >= _LEAST_DAYS:
        return days
    return [f"block {1 + number * _BLOCKS // len(reviews)}" for number in range(len(reviews))]


def _examples(model: Model, folder: Path, review: Review, group: str) -> list[Example]:
    card = model.card
    said = [(review.label, review.verdict == RIGHT)]
    if review.verdict == OTHER and review.true_label is not None:
        said.append((review.true_label, True))
    said = [(label, right) for label, right in said if label in card.labels]
    if not said:
        return []
    try:
        samples = read_audio(folder / review.clip, card.sample_rate)
    except (OSError, SourceError) as exc:
        _log.warning("%s: %s; its review is left out", folder / review.clip, exc)
        return []
    frames = (len(samples) - card.context_samples) // card.frame_samples
    if frames < 1:
        return []
    audio = samples[: card.context_samples + frames * card.frame_samples]
    step = model.step(audio[None], np.zeros((1, 0, model.embedding_size), dtype=np.float32))
    examples = []
    for label, right in said:
        onset, offset = review.onset, review.offset
        if right and review.true_onset is not None and review.true_offset is not None:
            onset, offset = review.true_onset, review.true_offset
        begin = min(max(0, _frame(onset, card)), frames - 1)
        example = Example(
            clip=review.clip,
            day=review.day,
            label=label,
            right=right,
            reported=review.kind == "event" and label == review.label,
            listed=label == review.label,
            group=group,
            begin=begin,
            end=min(max(begin + 1, _frame(offset, card)), frames),
            scores=step.scores[0],
            embeddings=step.embeddings[0],
        )
        examples.append(example)
    return examples


def _as_reported(example: Example, card: Card, review: Review) -> Example:
    """The example with the logits of its label moved so that they peak at the score that the stream reported."""
    if not example.listed or review.model != card.model_id or not _LEAST_SCORE < review.score < _GREATEST_SCORE:
        return example
    column = card.labels.index(example.label)
    scores = example.scores.copy()
    moved = logit(review.score) - logit(example.peak(card.decoding[example.label], scores, column))
    scores[:, column] = sigmoid(logit(scores[:, column]) + moved)
    return dataclasses.replace(example, scores=scores)


def _frame(seconds: float, card: Card) -> int:
    """The frame of a clip that begins nearest; the first one begins after the context."""
    return round((seconds * card.sample_rate - card.context_samples) / card.frame_samples)
