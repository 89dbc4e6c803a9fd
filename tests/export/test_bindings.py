import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.score_stream import ScoreStream, window_of
from tests.conftest import ROOT

NODE = ROOT / "tests" / "node"


def node() -> str:
    """The program, with what package.json asks for beside it."""
    program = shutil.which("node")
    if program is None or not (NODE / "node_modules").exists():
        message = "needs Node and npm: install them (Debian: nodejs npm), then run make test"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    return program


@pytest.mark.parametrize("encoder", [False, True])
def test_the_stream_runs_in_javascript(
    encoded_file: Path, demo_audio: NDArray[np.float32], tmp_path: Path, encoder: bool
) -> None:
    """ONNX Runtime's WebAssembly build, which browsers run too, gives the runtime's scores."""
    path = encoded_file if encoder else shipped_model()
    model = Model(path)
    demo_audio[: 14 * 16_000].astype("<f4").tofile(tmp_path / "audio")
    done = subprocess.run(
        [node(), NODE / "stream.js", path, tmp_path / "audio"],
        input=model.card.to_json().encode(),
        capture_output=True,
        check=True,
    )
    expected = np.concatenate(ScoreStream(model, window_of(model.card)).push(demo_audio[: 14 * 16_000]))
    actual = np.frombuffer(done.stdout, dtype="<f4").reshape(-1, len(model.card.labels))
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    assert np.ptp(actual) > 0.1
    assert encoder or actual.max() > 0.5


def test_the_documents_list_the_operators(encoded_file: Path) -> None:
    """Of the shipped file, with its opset, so that others can port it; and those that call a pretrained encoder."""
    proto = onnx.load(shipped_model())
    text = (ROOT / "docs" / "graph.md").read_text()
    listed = text.partition("```operators\n")[2].partition("```")[0].split()
    assert sorted({node.op_type for node in proto.graph.node}) == listed
    (opset,) = (entry.version for entry in proto.opset_import if entry.domain == "")
    assert f"opset {opset}" in text
    added = text.partition("```encoder operators\n")[2].partition("```")[0].split()
    own = {node.op_type for node in onnx.load(encoded_file).graph.node if not node.output[0].startswith("encoder/")}
    assert sorted(own - set(listed)) == added
