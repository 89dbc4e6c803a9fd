import dataclasses

import onnx
import pytest

from edge.errors import ModelError
from edge.model.card import METADATA_KEY
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.rewriting import with_card


def test_only_the_card_changes(model: Model) -> None:
    """As the package for ONNX reads it: the same graph, and the new card once."""
    content = shipped_model().read_bytes()
    card = dataclasses.replace(model.card, licence="of my own, " + "ä" * 300)
    before, after = onnx.load_from_string(content), onnx.load_from_string(with_card(content, card, "a.onnx"))
    assert card.to_json() == {entry.key: entry.value for entry in after.metadata_props}[METADATA_KEY]
    assert len(before.metadata_props) == len(after.metadata_props)
    for one in (before, after):
        del one.metadata_props[:]
    assert before.SerializeToString() == after.SerializeToString()


def test_other_metadata_are_kept(model: Model) -> None:
    """Those that another program wrote."""
    made = onnx.load_from_string(shipped_model().read_bytes())
    onnx.helper.set_model_props(made, {METADATA_KEY: "old", "author": "somebody"})
    again = onnx.load_from_string(with_card(made.SerializeToString(), model.card, "a.onnx"))
    assert {"author": "somebody", METADATA_KEY: model.card.to_json()} == {
        entry.key: entry.value for entry in again.metadata_props
    }


@pytest.mark.parametrize("content", [b"RIFF and no model at all", shipped_model().read_bytes()[:-7], b"\xff" * 9])
def test_a_damaged_file_is_refused(model: Model, content: bytes) -> None:
    """A cut one, and one that is something else."""
    with pytest.raises(ModelError, match=r"a\.onnx: is no ONNX file, or damaged"):
        with_card(content, model.card, "a.onnx")
