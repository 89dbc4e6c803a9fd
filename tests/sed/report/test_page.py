import base64
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from edge.model.card import Card
from edge.model.inference import Model
from sed.data.labels import Annotation
from sed.evaluation.evaluate import Report, evaluate, make_report
from sed.evaluation.inference import RecordingResult
from sed.evaluation.recordings import Recording
from sed.report.page import html_page, save_pictures, sections, worst_parts
from tests.conftest import DEMO


def page_of(card: Card, report: Report) -> str:
    return html_page(card, report, sections(card, report))


def result_of(truth: tuple[Annotation, ...], events: tuple[Annotation, ...], seconds: float) -> RecordingResult:
    """What a model might have made of a recording."""
    recording = Recording(path=Path("a.wav"), truth=truth, labels=("dog",))
    scores = np.zeros((round(seconds * 20), 1), dtype=np.float32)
    return RecordingResult(recording=recording, scores=scores, clip_scores=scores[0], events=events, seconds=seconds)


def test_the_minutes_with_most_errors_come_first() -> None:
    """The third minute has a missed and two false events, the first one false event, the second none."""
    truth = ((70.0, 71.0, "dog"), (130.0, 131.0, "dog"))
    events = ((10.0, 11.0, "dog"), (70.0, 71.1, "dog"), (140.0, 141.0, "dog"), (145.0, 146.0, "dog"))
    found = worst_parts([result_of(truth, events, 150.0)])
    assert [(120.0, 150.0, 1, 2), (0.0, 60.0, 0, 1)] == [(s.begin, s.end, s.missed, s.false) for s in found]


def test_a_page_is_self_contained(model: Model, tmp_path: Path) -> None:
    """Pictures are inside, and there are no scripts, links or markup from outside."""
    truth = ((1.9, 3.0, "dog"), (6.6, 8.8, "rooster"), (45.0, 50.0, "sea_waves"))
    recording = Recording(path=DEMO, truth=truth, labels=("dog", "rooster", "sea_waves"))
    report = evaluate(model, [recording])
    drawn = sections(model.card, report)
    page = html_page(model.card, report, drawn)
    save_pictures(drawn, tmp_path / "pictures")
    names = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert {"psd-roc.png", "precision-recall.png", "confusion.png", "01-recording-0-56.png"} <= names
    pictures = re.findall(r'<img alt="" src="data:image/png;base64,([^"]+)">', page)
    assert len(pictures) == page.count("<img") == len(names) >= 5
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    text = re.sub(r"base64,[^\"]+", "", page)
    assert not re.search(r"<script|<link|https?:|@import|url\(", text)
    assert model.card.model_id in text


@pytest.mark.parametrize("truth", [(), None])
def test_a_page_without_metrics_is_short(model: Model, truth: tuple[Annotation, ...] | None) -> None:
    """No curves without events; with weak labels not even a table of events."""
    recording = Recording(path=DEMO, truth=truth, labels=() if truth is not None else ("dog",))
    page = page_of(model.card, evaluate(model, [recording]))
    assert "PSD-ROC" not in page
    assert (truth is not None) == ("Parts with most errors" in page)


def test_captions_say_which_of_many_classes_are_drawn(model: Model) -> None:
    """In each of the three sections with rows of classes."""
    labels = ("dog", *(f"c{k:02d}" for k in range(1, 30)))
    decoding = dict.fromkeys(labels, model.card.decoding["dog"])
    card = dataclasses.replace(model.card, labels=labels, decoding=decoding)
    truth = tuple((2.0 * k, 2.0 * k + 1.0, label) for k, label in enumerate(labels))
    scores = np.random.default_rng(0).random((1200, 30)).astype(np.float32)
    one = dataclasses.replace(result_of(truth, ((0.0, 3.0, "c01"),), 60.0), scores=scores, clip_scores=scores[0])
    said = re.findall(r"Of 30 classes, the 20 ([^.]+) are drawn\.", page_of(card, make_report(card, [one])))
    assert ["with the least area below the curve", "with most errors", "with most to show"] == said
