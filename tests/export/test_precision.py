from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from numpy.typing import NDArray

from edge.model.inference import Model
from edge.model.library import shipped_model
from export.checks import LIMITS, agreement
from export.cli.export import export
from export.quantize import calibration_sounds, to_int8
from export.write import save
from tests.conftest import invoke

Elem = onnx.TensorProto


def types_of(path: Path) -> dict[str, int]:
    """Element type of every value in a graph."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    values = [*graph.input, *graph.output, *graph.value_info]
    return {value.name: value.type.tensor_type.elem_type for value in values}


def test_half_precision_leaves_the_frontend_alone(tiny_run: Path, tmp_path: Path) -> None:
    """Inputs, outputs, logarithm and normalisation are fp32; later convolutions and recurrence are not."""
    done = invoke(export, tiny_run / "model.ckpt", tmp_path / "h.onnx", "--precision", "fp16")
    assert 0 == done.exit_code, done.stderr
    card, types = Model(tmp_path / "h.onnx").card, types_of(tmp_path / "h.onnx")
    assert ("fp16", "-fp16") == (card.precision, card.model_id[-5:])
    assert card.parity["probability"] <= LIMITS["fp16"].score
    graph = onnx.load(tmp_path / "h.onnx").graph
    assert {Elem.FLOAT} == {types[value.name] for value in [*graph.input, *graph.output]}
    by_operator = {node.op_type: {types[node.output[0]]} for node in graph.node}
    assert {Elem.FLOAT} == by_operator["Log"]
    assert {Elem.FLOAT16} == by_operator["GRU"]
    convolutions = [types[node.output[0]] for node in graph.node if node.op_type == "Conv"]
    assert [Elem.FLOAT, Elem.FLOAT] == convolutions[:2]
    assert {Elem.FLOAT16} == set(convolutions[2:])
    first = next(node for node in graph.node if node.op_type == "BatchNormalization")
    assert Elem.FLOAT == types[first.output[0]]


@pytest.mark.slow
def test_eight_bits_are_for_convolutions_only(tiny_run: Path, clips: Path, tmp_path: Path) -> None:
    """All but the first; what was measured is marked as measured in fp32."""
    done = invoke(
        export, tiny_run / "model.ckpt", tmp_path / "q.onnx", "--precision", "int8", "--calibration", clips / "audio"
    )
    assert 0 == done.exit_code, done.stderr
    assert "int8" == Model(tmp_path / "q.onnx").card.precision
    graph = onnx.load(tmp_path / "q.onnx").graph
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    inputs = [made_by.get(node.input[1]) for node in graph.node if node.op_type == "Conv"]
    assert [None, *["DequantizeLinear"] * (len(inputs) - 1)] == inputs
    others = {name for node in graph.node if node.op_type in ("GRU", "MatMul", "Gemm") for name in node.input}
    assert "DequantizeLinear" not in {made_by.get(name) for name in others}


def test_eight_bits_hear_what_the_shipped_model_hears(
    model: Model, demo_audio: NDArray[np.float32], tmp_path: Path
) -> None:
    """Trained weights on the demo recording: nearly the same scores, the same events but for two."""
    proto = to_int8(onnx.load(shipped_model()), model.card, [demo_audio])
    save(proto, model.card, tmp_path / "q.onnx")
    found = agreement(Model(tmp_path / "q.onnx"), model, demo_audio)
    assert 0.0 < found.score <= 0.3
    assert found.shared_events >= max(found.reported_events) - 2 > 4


def test_calibration_takes_ten_minutes_at_most(tmp_path: Path, clips: Path) -> None:
    """Spread over the files; one that is broken is left out."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.flac").write_bytes(next((clips / "audio").glob("*.flac")).read_bytes())
    (tmp_path / "c.wav").write_text("no sound")
    assert [48_000, 48_000] == [len(sound) for sound in calibration_sounds(tmp_path, 16_000)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--precision", "int8"], 2, "needs --calibration FOLDER"),
        (["--calibration", "."], 2, "needs --calibration FOLDER"),
        (["--precision", "int4"], 2, "'int4' is not one of"),
        (["--precision", "int8", "--calibration", "EMPTY"], 2, "holds no recording that can be read"),
        (["--precision", "int8", "--calibration", "SILENT"], 2, "or only silence"),
        (["--precision", "int8", "--calibration", "none"], 2, "does not exist"),
    ],
)
def test_bad_settings_are_refused(
    tiny_run: Path, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    """Before anything is written."""
    for name in ("empty", "silent"):
        (tmp_path / name).mkdir()
    soundfile.write(tmp_path / "silent" / "a.wav", np.zeros(16_000), 16_000)
    given = [str(tmp_path / argument.lower()) if argument.isupper() else argument for argument in arguments]
    done = invoke(export, tiny_run / "model.ckpt", tmp_path / "o.onnx", *given)
    assert (code, True) == (done.exit_code, message in done.stderr), done.stderr
    assert not (tmp_path / "o.onnx").exists()
