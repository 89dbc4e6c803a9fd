"""Pretrained encoders: an ONNX file that turns windows of samples into vectors, and a TOML beside it.

encoder.onnx: `[windows, window_samples] -> [windows, vector_size]`, float32, of mono samples in [-1, 1].
encoder.toml: the fields of `EncoderConfig`, except for its content.
"""

import base64
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from edge.errors import did_you_mean
from sed.errors import RecipeError
from sed.recipe.fields import Config, require

NO_ENCODER = "none"
_FOLDER = Path(__file__).parent / "encoders"


@dataclass(frozen=True, kw_only=True)
class EncoderConfig(Config):
    """A pretrained encoder, whole: a checkpoint that holds it needs no other file.

    Attributes:
        input: name of the graph's input, `[windows, window_samples]`.
        output: name of the graph's output that is used, `[windows, vector_size]`.
        sample_rate: Hz; that of the detector's frontend.
        window_samples: samples that make one vector.
        vector_size: numbers in a vector.
        licence: of its weights.
        source: whose they are, and what they were trained on.
        content: of the ONNX file, in base64, which a checkpoint can hold.
    """

    input: str = "audio"
    output: str = "embedding"
    sample_rate: int = 16000
    window_samples: int = 0
    vector_size: int = 0
    licence: str = ""
    source: str = ""
    content: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name in ("window_samples", "vector_size"):
            value = getattr(self, name)
            require(value > 0 or not self.content, f"{name} must be positive, got {value}")

    @property
    def file(self) -> bytes:
        """Content of the ONNX file."""
        return base64.b64decode(self.content)


def shipped_encoders() -> dict[str, Path]:
    """The files of the encoders that come with this package, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.onnx"))}


def load_encoder(name_or_path: str, folder: Path) -> EncoderConfig:
    """Read an encoder.

    Args:
        name_or_path: of a shipped encoder, or an ONNX file.
        folder: where a relative path begins.

    Raises:
        RecipeError: if there is no such encoder, the TOML beside it is missing or wrong, or a file cannot be read.
    """
    shipped = shipped_encoders()
    if not name_or_path.endswith(".onnx") and name_or_path not in shipped:
        raise RecipeError(
            f"encoder = {name_or_path!r}: no shipped encoder has this name{did_you_mean(name_or_path, shipped)}; "
            f'give "{NO_ENCODER}", {", ".join(shipped)}, or an .onnx file'
        )
    path = shipped.get(name_or_path, folder / name_or_path)
    described = path.with_suffix(".toml")
    try:
        values = tomllib.loads(described.read_text(encoding="utf-8"))
        content = base64.b64encode(path.read_bytes()).decode()
    except OSError as exc:
        raise RecipeError(
            f"{exc.filename}: cannot be read ({exc.strerror}); an encoder is an .onnx file with a .toml beside it"
        ) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RecipeError(f"{described}: is not valid TOML: {exc}") from exc
    return EncoderConfig.from_dict({**values, "content": content}, str(described))
