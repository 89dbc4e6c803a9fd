"""Ray Data: hands units to workers and their receipts back, on this machine or on a cluster."""

import contextlib
import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from edge.errors import InstallError, SettingError
from scan.cluster.ledger import remote_ledger
from scan.cluster.settings import ScanSettings
from scan.cluster.worker import Worker, do_unit

_MOST_UNITS = 5000  # of one execution: its memory in the driver is bounded by it
_STORE_BYTES = 100 << 20  # units and receipts are small, and sound never goes through the store
_ANSWER_SECONDS = 10.0
_CLUSTER_CPUS = 0.25  # that a worker claims: where a node vanishes, the others have room for its workers


class Engine:
    """Ray, begun here or found at an address.

    Args:
        settings: of the scan.
        workers: processes; one for each processor if None.
        address: of a cluster; None for this machine.
        gpus: of which each worker has one; 0 for none.
    """

    def __init__(
        self, settings: ScanSettings, workers: int | None = None, address: str | None = None, gpus: int = 0
    ) -> None:
        self._settings, self._address, self._gpus = settings, address, gpus
        self._workers = workers

    def __enter__(self) -> Self:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what matters comes as an exception
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        try:
            import ray
            import ray.data
        except ImportError as exc:
            raise InstallError(f"ray is not installed ({exc}); run pip install 'sed-edge[scan]'") from exc
        quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        try:
            if self._address is not None:
                _require_answer(self._address)
            with _stderr_away():
                self._begin(ray, quiet)
        except Exception as exc:  # Ray raises bare ones, too, as where its processes do not start in time
            reason = str(exc).partition("\n")[0]
            where, advice = "on this machine", "run the same command again, with less at work beside it"
            if self._address is not None:
                where, advice = f"at --address {self._address}", "see ray status"
            raise SettingError(f"Ray cannot begin {where} ({reason}); {advice}") from exc
        if self._workers is None:
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]  # Ray's own
            self._workers = self._gpus or max(1, int(resources.get("CPU", 1)))
        self._quieten()
        self._ledger = remote_ledger()
        return self

    def _begin(self, ray: Any, quiet: dict[str, Any]) -> None:
        if self._address is not None:
            ray.init(address=self._address, **quiet)
            return
        quiet |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
        # Of its own: without an address Ray would join whatever cluster this machine has.
        ray.init(address="local", num_cpus=self._workers or os.cpu_count() or 1, num_gpus=self._gpus, **quiet)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        ray.shutdown()

    @property
    def workers(self) -> int:
        """Number of processes."""
        return self._workers or 1

    def receipts(self, units: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Have units done; what each says of itself, as they end."""
        import ray.data

        for begin in range(0, len(units), _MOST_UNITS):
            some = units[begin : begin + _MOST_UNITS]
            count = min(self.workers, len(some))
            done = ray.data.from_items([{"unit": text} for text in some], override_num_blocks=len(some)).map_batches(
                Worker,
                fn_constructor_args=(self._settings, self._ledger),
                batch_size=1,
                batch_format="numpy",
                compute=ray.data.ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=2),
                **self._claims(),
            )
            for row in done.iter_rows():
                yield json.loads(row["receipt"])

    def light_receipts(self, units: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The same for units that need no step of the model, without starting workers."""
        yield from self.map(do_unit, [(self._settings, text) for text in units])

    def map(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """What a function returns, called somewhere in the cluster; a few calls at a time, in their order."""
        import ray

        task = ray.remote(num_cpus=_CLUSTER_CPUS, max_retries=5)(function)
        waiting: list[Any] = []
        for arguments in calls:
            waiting.append(task.remote(*arguments))
            if len(waiting) >= 2 * self.workers:
                yield ray.get(waiting.pop(0))
        for each in waiting:
            yield ray.get(each)

    def _claims(self) -> dict[str, Any]:
        """What a worker claims of a node."""
        claims: dict[str, Any] = {"num_cpus": 1 if self._address is None else _CLUSTER_CPUS}
        if self._address is not None:
            claims["scheduling_strategy"] = "SPREAD"
        if self._gpus:
            claims["num_gpus"] = 1
        return claims

    def _quieten(self) -> None:
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.execution_options.verbose_progress = False
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)


def _require_answer(address: str) -> None:
    """Raise OSError where nothing listens; Ray would try for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "://" not in address:
        socket.create_connection((host, int(port)), _ANSWER_SECONDS).close()


@contextlib.contextmanager
def _stderr_away() -> Iterator[None]:
    """Ray's libraries say there at the start what their settings are; what goes wrong they raise."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
