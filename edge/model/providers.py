"""Which execution provider runs a model, and why not the one that was wished for.

ONNX Runtime falls back to the CPU by itself where CUDA fails, and says so in passing or on stdout. Here CUDA that was
asked for is had or is an error with its cause, and stdout is left to the log.

    driver      libcuda.so.1 loads and finds a GPU
    package     onnxruntime-gpu, not onnxruntime, nor both
    libraries   of CUDA, found by the package
    session     which then says that it runs on CUDA
"""

import contextlib
import ctypes
import importlib.metadata
import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from edge.errors import InstallError

_log = logging.getLogger(__name__)

PROVIDERS = ("auto", "cpu", "cuda")
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class Node(NamedTuple):
    """A node of a graph: its name, its operator, and the provider that ran it, by its short name."""

    name: str
    operator: str
    provider: str


def import_onnxruntime() -> Any:
    """ONNX Runtime, if it can be used.

    Raises:
        InstallError: if it is missing or broken, or both of its packages are installed.
    """
    # From 1.29 on it would tell its maker over the network what it does, and keep a file of that in the user's home.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    if len(onnxruntime_packages()) == 2:
        raise InstallError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; run "
            "'pip uninstall onnxruntime onnxruntime-gpu', then 'pip install sed-edge[cpu]' or, for an NVIDIA GPU, "
            "'pip install sed-edge[gpu]'"
        )
    try:
        import onnxruntime

        onnxruntime.InferenceSession  # noqa: B018  # what an uninstalled twin leaves behind is an empty folder
    except (ImportError, AttributeError) as exc:
        state = f"cannot be imported ({exc})" if onnxruntime_packages() else "is not installed"
        raise InstallError(
            f"onnxruntime {state}; run 'pip uninstall onnxruntime onnxruntime-gpu', then 'pip install sed-edge[cpu]' "
            "or, for an NVIDIA GPU, 'pip install sed-edge[gpu]'"
        ) from exc
    return onnxruntime


def onnxruntime_packages() -> list[str]:
    """Which of the two packages that bring ONNX Runtime are installed."""
    installed = []
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version(name)
            installed.append(name)
    return installed


def open_session(path: Path, provider: str = "auto", threads: int = 1, profile: Path | None = None) -> Any:
    """An `onnxruntime.InferenceSession` of a model file, on the provider that was wished for.

    Args:
        path: the `.onnx` file.
        provider: one of `PROVIDERS`; `auto` is CUDA if it can be had, and warns if a GPU is there but not used.
        threads: that one step may use.
        profile: where to write which node ran where, as the beginning of a file's name; None to write nothing.

    Raises:
        InstallError: if CUDA was asked for and cannot be had.
        Exception: ONNX Runtime's own, which share no base but this, if the file is no model.
    """
    onnxruntime = import_onnxruntime()
    options = session_options(onnxruntime, threads, profile)

    def session(*providers: str) -> Any:
        # The fallback talks on stdout.
        return onnxruntime.InferenceSession(str(path), options, providers=list(providers), enable_fallback=0)

    if provider == "cpu":
        return session(_CPU)
    why_not = why_no_cuda(onnxruntime)
    if why_not is None:
        try:
            opened = session(_CUDA, _CPU)
        except Exception as exc:  # noqa: BLE001  # ONNX Runtime's own exceptions share no base but this
            why_not = str(exc).partition("\n")[0] + "; see what nvidia-smi says"
        else:
            if opened.get_providers()[0] == _CUDA:
                return opened
            why_not = _missing_library(onnxruntime) or "ONNX Runtime gives no cause but what it wrote on stderr"
    opened = session(_CPU)  # if the file is to blame, this says so
    if provider == "cuda":
        raise InstallError(f"--provider cuda cannot be had: {why_not}; or use --provider cpu")
    if gpu_seen():
        _log.warning("a GPU seems to be here, but the CPU is used: %s; --provider cpu asks for the CPU", why_not)
    return opened


def session_options(onnxruntime: Any, threads: int, profile: Path | None = None) -> Any:
    """How every session is opened; see `open_session`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # what fails is raised
    # Threads that wait for the next hop must not burn the CPU meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile)
    return options


def nodes_run(session: Any, inputs: dict[str, Any]) -> list[Node]:
    """The nodes of one call, in their order, by ONNX Runtime's own account; the session was opened with a profile."""
    session.run(None, inputs)
    events = json.loads(Path(session.end_profiling()).read_text())
    return [
        Node(
            event["name"].removesuffix("_kernel_time"), event["args"]["op_name"], short_name(event["args"]["provider"])
        )
        for event in events
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time")
    ]


def short_name(provider: str) -> str:
    """A provider's name for people.

    >>> short_name("CUDAExecutionProvider")
    'CUDA'
    """
    return provider.removesuffix("ExecutionProvider")


def why_no_cuda(onnxruntime: Any) -> str | None:
    """The cause and what to do; None as far as nothing is found against CUDA without trying."""
    return _driver_trouble() or _package_trouble(onnxruntime) or _library_trouble(onnxruntime)


def gpu_seen() -> bool:
    """Whether an NVIDIA GPU seems to be in this machine, with a driver or without (on Linux)."""
    if _driver_trouble() is None:
        return True
    for device in Path("/sys/bus/pci/devices").glob("*"):
        with contextlib.suppress(OSError):
            is_display = (device / "class").read_text().startswith("0x03")
            if is_display and (device / "vendor").read_text().strip() == "0x10de":
                return True
    return False


def _driver_trouble() -> str | None:
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        code = driver.cuInit(0)
    except (OSError, AttributeError) as exc:
        return (
            f"there is no NVIDIA driver ({exc}); install the one for the GPU, or let the container have it (--gpus all)"
        )
    if code != 0:
        return f"the NVIDIA driver finds no GPU that it can use (cuInit returned {code}); see what nvidia-smi says"
    return None


def _package_trouble(onnxruntime: Any) -> str | None:
    if _CUDA in onnxruntime.get_available_providers():
        return None
    return (
        f"this onnxruntime {onnxruntime.__version__} is built without CUDA; run 'pip uninstall onnxruntime', then "
        "'pip install sed-edge[gpu]'"
    )


def _library_trouble(onnxruntime: Any) -> str | None:
    """Load CUDA's and cuDNN's libraries from the packages that bring them."""
    talk = io.StringIO()
    with contextlib.redirect_stdout(talk):  # ONNX Runtime prints
        onnxruntime.preload_dlls()
    failed = [line for line in talk.getvalue().splitlines() if line.startswith("Failed to load")]
    if not failed:
        return None
    return _install_libraries(onnxruntime, failed[0].partition(": ")[2])


def _missing_library(onnxruntime: Any) -> str | None:
    """What the provider's own library, or cuDNN, which it loads late, lacks. Only after it has failed to load."""
    windows = sys.platform == "win32"
    provider = "onnxruntime_providers_cuda.dll" if windows else "libonnxruntime_providers_cuda.so"
    for library in (
        str(Path(onnxruntime.__file__).parent / "capi" / provider),
        "cudnn64_9.dll" if windows else "libcudnn.so.9",
    ):
        try:
            ctypes.CDLL(library)
        except OSError as exc:
            return _install_libraries(onnxruntime, str(exc))
    return None


def _install_libraries(onnxruntime: Any, what: str) -> str:
    wanted = getattr(onnxruntime, "cuda_version", "") or "as its documentation says"
    return (
        f"a library of CUDA or cuDNN is missing ({what}); run 'pip install sed-edge[gpu]', which brings them, or "
        f"install CUDA {wanted} and cuDNN 9"
    )
