import dataclasses
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from edge.errors import InstallError, ModelError
from edge.model import inference
from edge.model.card import METADATA_KEY
from edge.model.inference import Model
from edge.model.library import shipped_model


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


def test_a_graph_that_does_not_fit_its_card_is_refused(tmp_path: Path, model: Model) -> None:
    """It is tried before anything depends on it."""
    card = dataclasses.replace(model.card, labels=("dog",), decoding={"dog": model.card.decoding["dog"]})
    with pytest.raises(ModelError, match=r"m\.onnx: its graph answers one frame of silence with shapes"):
        Model(with_metadata(tmp_path, {METADATA_KEY: card.to_json()}))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("window_frames", 10**12, "must each be at most 600 s"),
        ("context_samples", 10**12, "context_samples must be at most 60 s"),
        ("grid_frames", 11_990, "must each be at most 600 s and 12000 frames"),
        ("sample_rate", "16000", "sample_rate must be a whole number, got '16000'"),
        ("hop_frames", 1.5, "hop_frames must be a whole number, got 1.5"),
        ("training", [], r"training must be an object, got \[\]"),
        ("labels", [1, 2], "labels must be text"),
    ],
)
def test_a_card_out_of_bounds_is_refused(tmp_path: Path, model: Model, field: str, value: object, message: str) -> None:
    """Before it makes the runtime ask for more memory than there is."""
    card = json.loads(model.card.to_json()) | {field: value}
    with pytest.raises(ModelError, match=message):
        Model(with_metadata(tmp_path, {METADATA_KEY: json.dumps(card)}))


@pytest.mark.parametrize("place", ["/etc/hostname", "../../etc/hostname", "missing.bin"])
def test_weights_outside_of_the_file_are_refused(tmp_path: Path, place: str) -> None:
    """A model reads nothing of the machine."""
    proto = onnx.load(shipped_model())
    tensor = next(each for each in proto.graph.initializer if len(each.raw_data) > 1000)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match="is no ONNX model that can be loaded"):
        Model(tmp_path / "m.onnx")


def test_a_tensor_too_large_for_any_machine_is_refused(tmp_path: Path) -> None:
    """Its declared size is not believed."""
    proto = onnx.load(shipped_model())
    tensor = next(each for each in proto.graph.initializer if len(each.raw_data) > 1000)
    del tensor.dims[:]
    tensor.dims.extend([10**6, 10**6])
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    with pytest.raises(ModelError, match="is no ONNX model that can be loaded"):
        Model(tmp_path / "m.onnx")


_DAMAGE = """
import random, sys, time
from pathlib import Path
from edge.errors import ModelError
from edge.model.inference import Model
whole, out = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
errors = 0
for seed in range(int(sys.argv[3])):
    chance, content = random.Random(seed), bytearray(whole)
    place, kind = chance.choice((chance.randrange(len(content)), chance.randrange(20_000))), chance.randrange(4)
    if kind == 0:
        del content[place:]
    elif kind == 1:
        del content[place:place + chance.randrange(1, 9)]
    elif kind == 2:
        content[place:place + 4] = chance.randbytes(4)
    else:
        content[place:place] = chance.randbytes(chance.randrange(1, 9))
    out.write_bytes(content)
    began = time.monotonic()
    try:
        Model(out, "cpu")
    except ModelError as exc:
        assert str(exc).startswith(str(out)) and len(str(exc).splitlines()) == 1, exc
        errors += 1
    assert time.monotonic() - began < 10, seed
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))  # ru_maxrss knows the parent's, too
print(errors, int(peak.split()[1]) // 1024)
"""


def test_no_bytes_break_the_runtime(tmp_path: Path) -> None:
    """Damaged at random, a model opens or is one clear line: nothing on stdout, no crash, no hang, little memory."""
    done = subprocess.run(
        [sys.executable, "-c", _DAMAGE, shipped_model(), tmp_path / "m.onnx", "300"],
        capture_output=True,
        check=False,
        text=True,
    )
    assert (0, 1) == (done.returncode, len(done.stdout.splitlines())), done.stdout + done.stderr
    errors, megabytes = map(int, done.stdout.split())
    assert 150 < errors < 300
    assert megabytes < 1000
