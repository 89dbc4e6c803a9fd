from pathlib import Path

import pytest

from edge.errors import ModelError
from edge.model import library
from edge.model.library import find_model, shipped_model, shipped_models


def test_shipped_models_are_found_by_name() -> None:
    """All are package data, in at most 8 MB each; one of them is used unless another is named."""
    found = shipped_models()
    assert ["esc10", "general"] == list(found)
    assert found["esc10"] == shipped_model()
    for name, path in found.items():
        assert path == find_model(Path(name))
        assert path.is_relative_to(Path(library.__file__).parent)
        assert path.stat().st_size <= 8_000_000


def test_a_file_comes_before_a_shipped_model_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path always means itself."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "general").touch()
    assert Path("general") == find_model(Path("general"))
    assert tmp_path / "general" == find_model(tmp_path / "general")


def test_what_is_neither_is_an_error_that_helps() -> None:
    """A name like one that there is, and a path."""
    with pytest.raises(ModelError, match=r"generel: no such model file, .*; did you mean 'general'"):
        find_model(Path("generel"))
    with pytest.raises(ModelError, match=r"mine\.onnx: no such model file; give the \.onnx"):
        find_model(Path("mine.onnx"))
