import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import InstallError
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.providers import import_onnxruntime, open_session
from tests.conftest import DEMO, ROOT, command, run

_HAS_CUDA = "CUDAExecutionProvider" in import_onnxruntime().get_available_providers()


def _has_driver() -> bool:
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


@pytest.fixture
def driver(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a process that finds a driver which answers with this code, and nothing else of CUDA."""
    if shutil.which("gcc") is None:
        message = "needs a C compiler: install gcc (Debian: gcc libc6-dev)"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    (tmp_path / "driver.c").write_text(f"int cuInit(unsigned flags) {{ return {request.param}; }}")
    subprocess.run(["gcc", "-shared", "-o", tmp_path / "libcuda.so.1", tmp_path / "driver.c"], check=True)
    return {"LD_LIBRARY_PATH": str(tmp_path)}


@pytest.mark.skipif(_has_driver(), reason="for machines without an NVIDIA driver")
def test_cuda_without_a_driver_is_an_error_with_its_cause() -> None:
    """Never a silent CPU: one line that says what is missing, nothing on stdout."""
    done = subprocess.run(
        [command("sed-stream"), DEMO, "--provider", "cuda"], capture_output=True, check=False, text=True
    )
    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines())), done.stderr
    assert "--provider cuda is not available: there is no NVIDIA driver (libcuda.so.1" in done.stderr
    assert "or use --provider cpu" in done.stderr


@pytest.mark.parametrize("driver", [100], indirect=True)
def test_cuda_with_a_driver_that_finds_no_gpu_is_an_error(driver: dict[str, str]) -> None:
    """As in a container that was given none."""
    done = run("sed-stream", DEMO, "--provider", "cuda", environment=driver)
    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines())), done.stderr
    assert "finds no GPU that it can use (cuInit returned 100)" in done.stderr


@pytest.mark.skipif(_HAS_CUDA, reason="for the onnxruntime package without CUDA")
@pytest.mark.parametrize("driver", [0], indirect=True)
def test_cuda_with_the_wrong_package_is_an_error(driver: dict[str, str]) -> None:
    """It says which one to remove and which one to install."""
    done = run("sed-stream", DEMO, "--provider", "cuda", environment=driver)
    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines())), done.stderr
    assert "is built without CUDA; run 'pip uninstall onnxruntime'" in done.stderr


@pytest.mark.parametrize("driver", [0], indirect=True)
def test_auto_says_why_a_gpu_is_not_used(driver: dict[str, str]) -> None:
    """And listens on the CPU."""
    done = run("sed-stream", DEMO, environment=driver)
    assert 0 == done.returncode
    first, second, *_ = done.stderr.splitlines()
    assert first.startswith("sed-stream: a GPU seems to be here, but the CPU is used: ")
    assert "sed-stream: runs on the CPU" == second
    assert done.stdout.startswith('{"type": "start"')


def test_auto_says_what_it_chose() -> None:
    """The user's own choice needs no word."""
    silent, telling = (
        subprocess.run([command("sed-stream"), DEMO, "--provider", name], capture_output=True, check=True, text=True)
        for name in ("cpu", "auto")
    )
    assert "sed-stream: runs on the " in telling.stderr
    assert "runs on" not in silent.stderr


def test_threads_do_not_spin() -> None:
    """They are as many as asked for, and wait without burning the processor."""
    options = open_session(shipped_model(), "cpu", threads=2).get_session_options()
    assert 2 == options.intra_op_num_threads
    assert "0" == options.get_session_config_entry("session.intra_op.allow_spinning")


def test_a_package_left_in_pieces_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after uninstalling one of the two that share a folder."""
    (tmp_path / "onnxruntime").mkdir()
    for name in [name for name in sys.modules if name.partition(".")[0] == "onnxruntime"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(InstallError, match="run 'pip uninstall onnxruntime onnxruntime-gpu'"):
        Model(shipped_model())


def test_a_model_is_run_without_telling_anybody(tmp_path: Path) -> None:
    """ONNX Runtime leaves nothing in the user's home, from where it would be sent."""
    code = "from edge.model import Model, shipped_model; Model(shipped_model(), 'cpu')"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=environment)
    assert [] == list(tmp_path.iterdir())
