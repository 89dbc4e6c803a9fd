import json
import subprocess
import sys
from importlib.resources import files

import jsonschema
import numpy as np
import pytest
import torch
from click.testing import CliRunner

from export.cli.bench import bench
from export.frontends import frontends
from sed.recipe.config import FrontendConfig
from tests.conftest import run_without

SCHEMA = json.loads((files("edge.bench") / "schema.json").read_text())


def test_every_form_of_the_frontend_computes_the_same() -> None:
    """What is timed side by side is equal, up to rounding in bins that are almost empty."""
    config = FrontendConfig()
    audio = np.random.default_rng(0).normal(0.0, 0.1, (2, config.overlap_samples + 100 * config.hop_length))
    with frontends(config, 1) as (found, missing):
        spectrograms = {key: call(audio.astype(np.float32)) for key, call in found.items()}
    defined = spectrograms.pop(("torchlibrosa", "cpu"))
    assert (2, 1, 100, config.n_mels) == defined.shape
    assert {"folded, torch", "folded, ONNX Runtime", "librosa"} <= {name for name, _ in spectrograms}
    for key, spectrogram in spectrograms.items():
        np.testing.assert_allclose(spectrogram, defined, atol=0.02, err_msg=str(key))
    assert len(found) + len(missing) == 7


def test_the_threads_of_others_are_left_as_they_were() -> None:
    """What torch computes afterwards depends on their number, to the bit."""
    before = torch.get_num_threads()
    with frontends(FrontendConfig(), before + 1):
        assert before + 1 == torch.get_num_threads()
    assert before == torch.get_num_threads()


def test_its_table_has_a_line_a_size() -> None:
    """And its JSON is what the schema says; sizes beyond what memory should bear are left out."""
    arguments = ["frontend", "--clip", "0.5,161", "--batch", "1,4", "--rounds", "3", "--json"]
    done = CliRunner().invoke(bench, arguments)
    assert 0 == done.exit_code, done.output
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    cpu = [(row["clip_seconds"], row["batch"]) for row in found["rows"] if row["frontend"] == "librosa"]
    assert [(0.5, 1), (0.5, 4), (161.0, 1)] == cpu


def test_all_parts_are_one_command() -> None:
    """The part that needs torch stands beside the others, and its help needs none."""
    assert {"table", "streams", "latency", "frontend"} == set(bench.commands)
    script = (
        "import sys\n"
        "from export.cli.bench import bench\n"
        "bench(['frontend', '--help'], standalone_mode=False)\n"
        "print('loaded', 'torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "loaded False" == done.stdout.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--clip", "nan"], ["--clip", "inf"], ["--clip", "640", "--batch", "2"]])
def test_sizes_that_cannot_be_are_said_at_once(arguments: list[str]) -> None:
    """Not an empty table."""
    done = CliRunner().invoke(bench, ["frontend", *arguments])
    assert (2, "") == (done.exit_code, done.stdout)
    assert "--clip" in done.stderr


def test_without_torch_it_says_what_to_install() -> None:
    """In one line, which names all that is missing where only the runtime is installed."""
    missing = ("torch", "torchlibrosa", "librosa", "lightning", "onnx", "onnxscript", "threadpoolctl")
    done = run_without("from export.cli.bench import bench\nbench(['frontend'], prog_name='sed-bench')", missing)
    assert (1, "") == (done.returncode, done.stdout)
    assert "sed-bench: librosa is not installed; run pip install 'sed-edge[export]'\n" == done.stderr
