import json

import pytest

from edge.errors import ModelError
from edge.model.card import Card
from edge.model.inference import Model


def test_a_card_survives_being_written_and_read(model: Model) -> None:
    """Nothing is lost on the way."""
    assert model.card == Card.from_json(model.card.to_json(), "m.onnx")


@pytest.mark.parametrize("field", ["labels", "sample_rate", "decoding", "lookahead_frames", "licence", "schema"])
def test_a_missing_field_is_named(model: Model, field: str) -> None:
    """The error names the field and the file."""
    values = json.loads(model.card.to_json())
    del values[field]
    with pytest.raises(ModelError, match=f"m.onnx: its card lacks {field}"):
        Card.from_json(json.dumps(values), "m.onnx")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("schema", 99, "schema 99"),
        ("frame_samples", 0, "frame_samples must be positive"),
        ("labels", ["dog", "dog"], "labels must be distinct"),
        ("decoding", {}, "one entry a label"),
        ("decoding", {"dog": {"on": 0.5}}, "missing"),
        ("decoding", 3, "wrong"),
        ("sample_rate", "fast", "wrong"),
        ("sample_rate", 10**9, "sample_rate must be 1000 to 768000 Hz"),
        ("frame_samples", 10**400, "frame_samples must be at most"),
        ("parity", {"score": "good"}, "parity must be numbers"),
        ("parity", {"score": 10**400}, "parity must be numbers"),
        ("licence", None, "licence must be text"),
        ("model_id", "\ud800", "wrong"),
    ],
)
def test_a_wrong_field_is_explained(model: Model, field: str, value: object, message: str) -> None:
    """The error says what is wrong."""
    values = json.loads(model.card.to_json()) | {field: value}
    with pytest.raises(ModelError, match=message):
        Card.from_json(json.dumps(values), "m.onnx")


def test_text_that_is_no_json_is_no_card() -> None:
    """Neither is a list."""
    for text in ("{", "[]"):
        with pytest.raises(ModelError, match=r"m\.onnx"):
            Card.from_json(text, "m.onnx")
