import importlib.metadata
import sys
from pathlib import Path

import onnx
import pytest

from edge import inference
from edge.card import METADATA_KEY
from edge.errors import InstallError, ModelError
from edge.inference import Model, shipped_model


def with_metadata(tmp_path: Path, changes: dict[str, str]) -> Path:
    """The shipped model with other metadata."""
    proto = onnx.load(shipped_model())
    onnx.helper.set_model_props(proto, changes)
    onnx.save(proto, tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def test_the_shipped_model_opens(model: Model) -> None:
    """It says what it knows, and runs."""
    assert len(model.card.labels) == 10
    assert "CPU" == model.provider


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder, and a file of something else."""
    (tmp_path / "text.onnx").write_text("no graph")
    for name, message in (("missing.onnx", "no such"), (".", "no such"), ("text.onnx", "is no ONNX model")):
        with pytest.raises(ModelError, match=message):
            Model(tmp_path / name)


def test_a_model_without_our_card_is_refused(tmp_path: Path) -> None:
    """Somebody else's ONNX file is not run on a guess."""
    with pytest.raises(ModelError, match=r"m\.onnx: is an ONNX model without a card"):
        Model(with_metadata(tmp_path, {}))


def test_a_card_without_a_field_is_refused(tmp_path: Path) -> None:
    """The field and the file are named."""
    with pytest.raises(ModelError, match=r"m\.onnx: its card lacks model_id, parent_sha256, labels"):
        Model(with_metadata(tmp_path, {METADATA_KEY: '{"schema": 1}'}))


def test_a_graph_with_other_inputs_is_refused(tmp_path: Path, model: Model) -> None:
    """A card alone makes no model of ours."""
    proto = onnx.load(shipped_model())
    del proto.graph.output[2]
    onnx.helper.set_model_props(proto, {METADATA_KEY: model.card.to_json()})
    onnx.save(proto, tmp_path / "m.onnx")
    with pytest.raises(ModelError, match="its graph has inputs"):
        Model(tmp_path / "m.onnx")


def test_both_runtimes_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """They overwrite each other: the message says what to remove."""
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.0")
    with pytest.raises(InstallError, match="pip uninstall onnxruntime onnxruntime-gpu"):
        Model(shipped_model())


def test_no_runtime_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InstallError, match=r"pip install sed-edge\[cpu\]"):
        Model(shipped_model())


def test_the_shipped_model_is_package_data() -> None:
    """It lies beside the code, wherever that is installed."""
    assert shipped_model().is_relative_to(Path(inference.__file__).parent)
