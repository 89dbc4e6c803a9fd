import json
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from edge.bench.steps.combinations import all_combinations
from edge.bench.steps.sessions import PROVIDERS, nodes, usual_providers, why_absent
from edge.bench.steps.table import measure_all
from edge.errors import InstallError
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.providers import Node, open_session, profiled_nodes
from tests.edge.bench.steps.running import sed_bench, without_gpu


@without_gpu
def test_without_a_gpu_its_rows_say_why_they_are_absent() -> None:
    """That is no failure."""
    done = sed_bench()
    assert 0 == done.exit_code, done.output
    assert "cuda: absent: " in done.stdout
    assert "cpu esc10.onnx: " in done.stdout


@without_gpu
def test_a_provider_that_is_required_must_have_run() -> None:
    """Exit code 1, and the reason on stderr."""
    done = sed_bench("--provider", "cpu", "--require", "cuda", "--json")
    assert 1 == done.exit_code
    assert done.stderr.startswith("sed-bench: --require: not measured: cuda (")
    assert "absent" == json.loads(done.stdout)["unmeasured"][0]["status"]


def test_a_provider_that_fell_back_is_reported_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was found against it, and yet the nodes ran on the CPU: no row may say otherwise."""
    monkeypatch.setattr("edge.bench.steps.table.why_absent", lambda _: None)
    chosen = all_combinations([shipped_model()], providers=["cpu", "openvino"])
    found = measure_all(chosen, 3, lambda items, label: nullcontext(items))  # noqa: ARG005
    assert ["cpu"] == [row["provider"] for row in found.rows]
    (failed,) = found.unmeasured
    assert ("openvino", "esc10.onnx", "failed") == (failed["provider"], failed["model"], failed["status"])
    assert "fell back to CPU" in failed["reason"]


@pytest.mark.parametrize(
    ("elsewhere", "said"),
    [("", r"^(\d+) of \1 nodes ran on CPU"), ("Conv", r"^\d+ of \d+ nodes ran on CPU"), ("Shape", None)],
)
def test_convolutions_that_ran_elsewhere_are_a_failure(
    monkeypatch: pytest.MonkeyPatch, elsewhere: str, said: str | None
) -> None:
    """A provider may leave small nodes to the CPU; what counts it must run itself."""

    def on_cuda(session: Any, inputs: Any) -> list[Node]:
        """As if CUDA ran all others."""
        return [
            node if elsewhere in node.operator else node._replace(provider="CUDA")
            for node in profiled_nodes(session, inputs)
        ]

    monkeypatch.setattr("edge.bench.steps.sessions.profiled_nodes", on_cuda)
    monkeypatch.setattr(
        "edge.bench.steps.sessions.open_on",
        lambda path, provider, profile: open_session(path, "cpu", 1, profile),  # noqa: ARG005
    )
    card = Model(shipped_model(), "cpu").card
    samples = card.context_samples + 20 * card.frame_samples
    inputs = {
        "audio": np.zeros((1, samples), dtype=np.float32),
        "embeddings": np.zeros((1, 0, Model(shipped_model(), "cpu").embedding_size), dtype=np.float32),
    }
    if said is None:
        assert {"CPU", "CUDA"} == {node.provider for node in nodes(shipped_model(), "cuda", inputs)}
    else:
        with pytest.raises(InstallError, match=said):
            nodes(shipped_model(), "cuda", inputs)


def test_tensorrt_must_be_installed_and_not_only_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime for CUDA names it wherever it is."""
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [*PROVIDERS.values()])
    assert "TensorRT 10 is not installed" in str(why_absent("tensorrt"))
    assert ["cpu", "cuda", "openvino"] == usual_providers()
