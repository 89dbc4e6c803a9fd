"""The models that come with this package, and how a user names one: by its name, or as a file."""

from pathlib import Path

from edge.errors import ModelError, did_you_mean

_DEFAULT = "esc10"


def shipped_models() -> dict[str, Path]:
    """The files of the models that come with this package, by name."""
    return {path.stem: path for path in sorted((Path(__file__).parent / "shipped").glob("*.onnx"))}


def shipped_model() -> Path:
    """The one that is used unless another is named."""
    return shipped_models()[_DEFAULT]


def find_model(name_or_path: Path) -> Path:
    """The file that a user means.

    Args:
        name_or_path: a file, or the name of a shipped model, such as `general`. A file of that name comes first.

    Raises:
        ModelError: if it is neither.
    """
    if name_or_path.is_file():
        return name_or_path
    shipped = shipped_models()
    if str(name_or_path) in shipped:
        return shipped[str(name_or_path)]
    if name_or_path.suffix or len(name_or_path.parts) != 1:
        raise ModelError(f"{name_or_path}: no such model file; give the .onnx that sed-export wrote")
    hint = did_you_mean(str(name_or_path), shipped)
    raise ModelError(f"{name_or_path}: no such model file, and no shipped model has this name{hint}")
