"""The execution provider that runs a model, and why the requested one cannot be used.

ONNX Runtime falls back to the CPU by itself where CUDA fails, and reports that on stdout or not at all. Here a request
for CUDA either succeeds or is an error that says why, and nothing but the log goes to stdout. What is checked:

    driver      libcuda.so.1 loads and finds a GPU
    package     onnxruntime-gpu, and not onnxruntime beside it
    libraries   of CUDA, found by the package
    session     reports that it runs on CUDA
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
    # From 1.29 on it would send usage data over the network, and keep a file of them in the user's home.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    if len(onnxruntime_packages()) == 2:
        raise InstallError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; run "
            "'pip uninstall onnxruntime onnxruntime-gpu', then 'pip install sed-edge[cpu]' or, for an NVIDIA GPU, "
            "'pip install sed-edge[gpu]'"
        )
    try:
        import onnxruntime

        onnxruntime.InferenceSession  # noqa: B018  # uninstalling the other package leaves an empty folder behind
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
    """An `onnxruntime.InferenceSession` of a model file, on the requested provider.

    Args:
        path: the `.onnx` file.
        provider: one of `PROVIDERS`; `auto` is CUDA if it can be used, and warns if a GPU is there but not used.
        threads: that one step may use.
        profile: prefix of the file to which ONNX Runtime writes a profile of each node; None for no profile.

    Raises:
        InstallError: if CUDA was requested and cannot be used.
        Exception: one of ONNX Runtime's, which have no common base class, if the file is no model.
    """
    onnxruntime = import_onnxruntime()
    options = session_options(onnxruntime, threads, profile)

    def session(*providers: str) -> Any:
        # The fallback would print on stdout.
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
    opened = session(_CPU)  # raises if the file is the cause
    if provider == "cuda":
        raise InstallError(f"--provider cuda is not available: {why_not}; or use --provider cpu")
    if nvidia_gpu_present():
        _log.warning("a GPU seems to be here, but the CPU is used: %s; --provider cpu asks for the CPU", why_not)
    return opened


def session_options(onnxruntime: Any, threads: int, profile: Path | None = None) -> Any:
    """The options that all sessions have in common; see `open_session`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # failures are raised, not logged
    # Threads that wait for the next hop must not keep the CPU busy meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, str(profile)
    return options


def profiled_nodes(session: Any, inputs: dict[str, Any]) -> list[Node]:
    """The nodes that one call ran, in order, from ONNX Runtime's profile; open the session with one."""
    session.run(None, inputs)
    events = json.loads(Path(session.end_profiling()).read_text())
    return [
        Node(
            event["name"].removesuffix("_kernel_time"),
            event["args"]["op_name"],
            short_provider_name(event["args"]["provider"]),
        )
        for event in events
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time")
    ]


def short_provider_name(provider: str) -> str:
    """A provider's name for people.

    >>> short_provider_name("CUDAExecutionProvider")
    'CUDA'
    """
    return provider.removesuffix("ExecutionProvider")


def why_no_cuda(onnxruntime: Any) -> str | None:
    """Why CUDA cannot be used and what to do; None if no reason is found without opening a session."""
    return _driver_problem() or _package_problem(onnxruntime) or _library_problem(onnxruntime)


def nvidia_gpu_present() -> bool:
    """Whether this machine seems to have an NVIDIA GPU, with or without a driver (the latter on Linux only)."""
    if _driver_problem() is None:
        return True
    for device in Path("/sys/bus/pci/devices").glob("*"):
        with contextlib.suppress(OSError):
            is_display = (device / "class").read_text().startswith("0x03")
            if is_display and (device / "vendor").read_text().strip() == "0x10de":
                return True
    return False


def _driver_problem() -> str | None:
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


def _package_problem(onnxruntime: Any) -> str | None:
    if _CUDA in onnxruntime.get_available_providers():
        return None
    return (
        f"this onnxruntime {onnxruntime.__version__} is built without CUDA; run 'pip uninstall onnxruntime', then "
        "'pip install sed-edge[gpu]'"
    )


def _library_problem(onnxruntime: Any) -> str | None:
    """Load CUDA's and cuDNN's libraries from the packages that bring them."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):  # ONNX Runtime prints its findings
        onnxruntime.preload_dlls()
    failed = [line for line in printed.getvalue().splitlines() if line.startswith("Failed to load")]
    if not failed:
        return None
    return _install_libraries(onnxruntime, failed[0].partition(": ")[2])


def _missing_library(onnxruntime: Any) -> str | None:
    """The library that the CUDA provider, or cuDNN (which it loads late), does not find, once it has failed to load."""
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
