"""The same graph with convolutions in eight bits, for processors that multiply bytes faster (with VNNI, for example).

Static quantisation in ONNX's QDQ form: the scale of every activation is set once, by sounds like those of its use.
"""

import contextlib
import copy
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from tqdm import tqdm

from edge.errors import SettingError, SourceError
from edge.model import GRAPH_INPUTS, Card, Floats, import_onnxruntime
from edge.sources import AUDIO_SUFFIXES, read_audio
from export.graph import ENCODER_PREFIX

import_onnxruntime()  # the first import of it, which turns its telemetry off
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static  # noqa: E402

_log = logging.getLogger(__name__)

# How much audio calibration takes, spread evenly over the files of a folder, however many and long they are.
_SECONDS = 600.0
_FILES = 120
_LEAST_SECONDS = 60.0


def calibration_sounds(folder: Path, sample_rate: int) -> list[Floats]:
    """Beginnings of recordings in a folder and the folders in it, ten minutes together.

    Returns:
        `[samples]` each, at `sample_rate`.

    Raises:
        SettingError: if there is none that can be read.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    chosen = [paths[round(index)] for index in np.linspace(0, len(paths) - 1, min(len(paths), _FILES))]
    sounds = []
    for path in tqdm(chosen, desc="reading calibration audio", unit="file", disable=None):
        try:
            sounds.append(read_audio(path, sample_rate, _SECONDS / len(chosen)))
        except SourceError as exc:
            _log.warning("skipped: %s", exc)
    if not any(np.any(sound) for sound in sounds):
        raise SettingError(
            f"{folder}: holds no recording that can be read, or only silence; "
            "expected a folder of audio files like those the model is for, for --calibration"
        )
    seconds = sum(map(len, sounds)) / sample_rate
    if seconds < _LEAST_SECONDS:
        _log.warning("%s: holds %.0f s of sound; a minute or more sets better scales", folder, seconds)
    return sounds


def to_int8(proto: onnx.ModelProto, card: Card, sounds: Sequence[Floats]) -> onnx.ModelProto:
    """All convolutions but the first in eight bits; the rest stays in fp32, a pretrained encoder too.

    Args:
        proto: the graph in fp32.
        card: its card.
        sounds: `[samples]` each, at the card's rate.
    """
    convolutions = [
        node.name
        for node in proto.graph.node
        if node.op_type == "Conv" and node.name and not node.name.startswith(ENCODER_PREFIX)
    ]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        out = Path(folder) / "int8.onnx"
        quantize_static(
            copy.deepcopy(proto),  # it takes the weights out of what it is given
            out,
            _Windows(proto, card, sounds),
            quant_format=QuantFormat.QDQ,
            nodes_to_quantize=convolutions[1:],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(out)


class _Windows(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """The sounds end to end, window by window, each with its true context."""

    def __init__(self, proto: onnx.ModelProto, card: Card, sounds: Sequence[Floats]) -> None:
        context, step = card.context_samples, card.window_frames * card.frame_samples
        joined = np.concatenate([np.zeros(context, dtype=np.float32), *sounds])
        joined = np.pad(joined, (0, (context - len(joined)) % step))
        embedding_size = proto.graph.input[1].type.tensor_type.shape.dim[2].dim_value
        none = np.zeros((1, 0, embedding_size), dtype=np.float32)
        self._feeds: Iterator[dict[str, Any]] = (
            dict(zip(GRAPH_INPUTS, (joined[None, start : start + context + step], none), strict=True))
            for start in range(0, len(joined) - context, step)
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._feeds, None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without log lines: onnxruntime recommends a preprocessing whose work the exporter has done."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
