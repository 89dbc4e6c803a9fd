import copy
import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge.bench.cli import bench
from edge.bench.results.plot import draw_table
from edge.bench.steps.combinations import all_combinations
from edge.bench.steps.figures import step_figures
from edge.bench.steps.lockstep import Lockstep
from edge.bench.steps.rounds import measure
from edge.bench.steps.sessions import NEWEST_GRAPH, SGEMM_GRAPH, open_on
from edge.bench.steps.table import measure_all
from edge.errors import SettingError
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.score_stream import ScoreStream, window_of
from tests.conftest import run_without
from tests.edge.bench.steps.running import sed_bench

SCHEMA = json.loads((files("edge.bench") / "schema.json").read_text())


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    """Two hops by one and two streams by one and two threads, in a window of 5 s."""
    chosen = ("--hop", "0.5,1", "--streams", "1,2", "--threads", "1,2", "--window", "5")
    done = sed_bench(*chosen, "--provider", "cpu", "--json")
    assert 0 == done.exit_code, done.output
    return dict(json.loads(done.stdout))


def test_every_combination_has_a_row(table: dict[str, Any]) -> None:
    """Each once, and told from the others."""
    names = ("model", "provider", "threads", "window_seconds", "hop_seconds", "streams")
    axes = [tuple(row[name] for name in names) for row in table["rows"]]
    expected = itertools.product(["esc10.onnx"], ["cpu"], [1, 2], [5.0], [0.5, 1.0], [1, 2])
    assert list(expected) == axes


def test_json_is_what_its_schema_says(table: dict[str, Any]) -> None:
    """The schema that is shipped, and it is no sieve."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(table, SCHEMA)
    lacking = copy.deepcopy(table)
    del lacking["rows"][0]["step_ms"]["p99"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(lacking, SCHEMA)


def test_figures_of_a_row_fit_together(table: dict[str, Any]) -> None:
    """Percentiles rise; cost, real-time factor and streams are the same number in other words."""
    for row in table["rows"]:
        cost = row["ms_per_second"]
        assert row["step_ms"]["p50"] <= row["step_ms"]["p95"] <= row["step_ms"]["p99"]
        assert row["steps"] >= 3 * 20
        assert 0.0 < row["start_seconds"] < 60.0
        assert 0.0 < row["process_ms_per_second"] < 1000.0
        assert 20.0 < row["resident_mb"] < 4000.0
        assert cost["low"] <= cost["median"] <= cost["high"]
        assert cost["median"] == pytest.approx(1e3 * row["real_time_factor"], rel=1e-3)
        assert 1e3 / cost["median"] == pytest.approx(row["threads"] * row["streams_per_core"], rel=1e-3)


def test_percentiles_are_those_of_all_steps() -> None:
    """Of a hundred and one steps of 0 to 100 ms, in three rounds that do not matter; and the product's share."""
    seconds = np.arange(102).reshape(3, 34) / 1e3
    found = step_figures(seconds[:, :34], np.full((3, 1), 5e-3), 1.0, 2)
    assert {"p50": 50.5, "p95": 95.95, "p99": 99.99} == found["step_ms"]
    assert 50.5 == found["ms_per_second"]["median"]
    assert 10.1 == found["of_sgemm"]
    assert 9.901 == found["streams_per_core"]


def test_every_node_says_where_it_ran(table: dict[str, Any]) -> None:
    """Not only the session, which says what was wished for."""
    (of_model,) = table["nodes"]
    assert {"CPU"} == {node["provider"] for node in of_model["nodes"]}
    assert {"Conv", "GRU", "MatMul"} <= {node["operator"] for node in of_model["nodes"]}


def test_markdown_is_a_table() -> None:
    """What all rows share stands above it."""
    lines = sed_bench("--provider", "cpu", "--hop", "0.5,1", "--markdown").stdout.splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert 4 == len(rows)
    assert rows[0].startswith("| hop s | steps | p50 ms |")
    assert 1 == len({row.count("|") for row in rows})
    assert any("precision fp32" in line and "window s 10" in line for line in lines)


def test_pictures_are_drawn_of_what_was_measured(tmp_path: Path) -> None:
    """One needs several hops, one several streams, one another device."""
    done = sed_bench("--provider", "cpu", "--hop", "0.5,1", "--plot", tmp_path / "new")
    assert 0 == done.exit_code, done.output
    assert ["hop.png", "latency.png"] == sorted(path.name for path in (tmp_path / "new").iterdir())


@pytest.mark.slow
def test_pictures_have_a_line_a_combination(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each told from the others, in a legend that the picture has room for."""
    drawn: dict[str, Figure] = {}
    monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: drawn.__setitem__(path.stem, figure))
    chosen = all_combinations([shipped_model()], providers=["cpu"], hops=[0.1, 0.25, 0.5, 1.0], streams=[1, 2, 3])
    draw_table(measure_all(chosen, 3, lambda items, label: nullcontext(items)), tmp_path)  # noqa: ARG005
    lines = {name: len(figure.axes[0].get_legend_handles_labels()[1]) for name, figure in drawn.items()}
    assert {"latency": 12, "hop": 3, "streams": 4} == lines
    looks = {(line.get_color(), line.get_linestyle()) for line in drawn["latency"].axes[0].get_lines()[:12]}
    assert len(looks) >= 10
    for figure in drawn.values():
        figure.draw_without_rendering()
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert figure.bbox.containsx(legend.get_window_extent().x1)
        assert figure.bbox.height >= legend.get_window_extent().height


def test_devices_stand_side_by_side(tmp_path: Path) -> None:
    """Where two were measured; here the second is the first by another name."""
    chosen = all_combinations([shipped_model()], providers=["cpu"], hops=[0.5, 1.0])
    found = measure_all(chosen, 3, lambda items, label: nullcontext(items))  # noqa: ARG005
    found.rows += [row | {"provider": "cuda"} for row in found.rows]
    found.seconds += found.seconds
    assert ["devices.png", "hop.png", "latency.png"] == sorted(path.name for path in draw_table(found, tmp_path))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--precision", "int8"], "--precision int8: no MODEL is in it, only in fp32"),
        (["--hop", "0.33"], "the nearest is --hop 0.35"),
        (["general", "--hop", "0.3"], "the nearest is --hop 0.48"),
        (["--hop", "fast"], "'fast' is not a valid float"),
        (["--provider", "gpu"], "'gpu' is not one of 'cpu', 'cuda'"),
        (["strems"], "'strems' is neither a file nor one of table, streams"),
    ],
)
def test_what_cannot_be_measured_is_said_at_once(arguments: list[str], said: str) -> None:
    """Exit code 2, before anything is measured."""
    done = sed_bench(*arguments)
    assert 2 == done.exit_code
    assert said in done.stderr


def test_models_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """As those of several training runs are."""
    copy = tmp_path / shipped_model().name
    copy.write_bytes(shipped_model().read_bytes())
    chosen = all_combinations([shipped_model(), copy, copy], providers=["cpu"])
    assert [str(shipped_model()), str(copy)] == [one.axes()["model"] for one in chosen]


def test_precisions_choose_among_the_models() -> None:
    """Each file has one."""
    assert 1 == len(all_combinations([shipped_model()], providers=["cpu"], precisions=["fp32"]))
    with pytest.raises(SettingError, match="sed-export --precision fp16"):
        all_combinations([shipped_model()], providers=["cpu"], precisions=["fp32", "fp16"])


@pytest.mark.parametrize("hop_seconds", [0.25, 1.0])
@pytest.mark.parametrize("device", [None, "cpu"])
def test_what_is_measured_is_what_the_runtime_does(
    demo_audio: NDArray[np.float32], model: Model, hop_seconds: float, device: str | None
) -> None:
    """Streams in lockstep, embeddings bound to a device or not, score as the runtime's own stream does."""
    card, window = model.card, window_of(model.card, hop_seconds=hop_seconds)
    heard = demo_audio[: 15 * card.sample_rate]
    both = np.stack([heard, heard[::-1]])
    played = np.pad(both, ((0, 0), (card.context_samples, 0)))
    lockstep = Lockstep(open_on(shipped_model(), "cpu"), card, window, played, "cpu", device)
    emitted = np.concatenate([lockstep.step() for _ in range(round(15 / hop_seconds))], axis=1)
    for of_one, audio in zip(emitted, both, strict=True):
        expected = np.concatenate(ScoreStream(model, window).push(audio))
        np.testing.assert_allclose(of_one[window.lookahead_frames :], expected, atol=1e-6)


def test_subjects_take_turns() -> None:
    """Round by round, so that what the machine does meanwhile befalls all of them."""
    called: list[str] = []

    def subject(name: str) -> Callable[[], None]:
        return lambda: called.append(name)

    found = measure({"a": subject("a"), "b": subject("b")}, range(4))
    rounds = {name: len(seconds) for name, seconds in found.items()}
    assert {"a": 4, "b": 4} == rounds
    turns = [name for name, before in zip(called, [None, *called], strict=False) if name != before]
    assert ["a", "b"] * 5 == turns  # warm-up, then four rounds


def test_the_small_graphs_are_what_they_are_named() -> None:
    """They are shipped as files, because the runtime cannot write any; here is how they are made."""
    size, whole, newest = ["size"] * 2, ["streams", "frames", "size"], ["streams", "newest_frames", "size"]
    floats = {"left": size, "right": size, "product": size, "embeddings": whole, "newest": newest}
    value = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in floats.items()}
    value["start"] = helper.make_tensor_value_info("start", TensorProto.INT64, [1])
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], [at]) for name, at in (("end", 2**62), ("axis", 1))]
    product = helper.make_node("MatMul", ["left", "right"], ["product"])
    cut = helper.make_node("Slice", ["embeddings", "start", "end", "axis"], ["newest"])
    graphs = {
        SGEMM_GRAPH: helper.make_graph([product], "sgemm", [value["left"], value["right"]], [value["product"]]),
        NEWEST_GRAPH: helper.make_graph(
            [cut], "newest", [value["embeddings"], value["start"]], [value["newest"]], constants
        ),
    }
    for path, graph in graphs.items():
        made = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
        assert made == onnx.load(path)


def test_it_measures_without_torch() -> None:
    """Neither loads it nor asks for it."""
    script = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(('torch', 'torchlibrosa', 'onnx', 'matplotlib'))\n"  # as if not installed
        "from edge.bench.cli import bench\n"
        "bench(['--provider', 'cpu', '--rounds', '3'], standalone_mode=False)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert "sgemm of 512" in done.stdout


def test_plots_say_what_to_install() -> None:
    """Before anything is measured."""
    script = "from edge.bench.cli import bench\nbench(['--plot', 'folder'], prog_name='sed-bench')"
    done = run_without(script, ("matplotlib",))
    assert (1, "") == (done.returncode, done.stdout)
    assert "matplotlib is not installed; run pip install 'sed-edge[plot]'" in done.stderr


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.timeout(600)
def test_runs_agree() -> None:
    """Beside a product of matrices in the same rounds, within 15 %: on a machine that does nothing else."""
    runs = [
        json.loads(CliRunner().invoke(bench, ["--provider", "cpu", "--hop", "0.25,1", "--json"]).stdout)["rows"]
        for _ in range(3)
    ]
    for same in zip(*runs, strict=True):
        of_sgemm = [row["of_sgemm"] for row in same]
        assert max(of_sgemm) <= 1.15 * min(of_sgemm), same[0]["hop_seconds"]
