"""Notes which file each unit is at, so that a file with which processes die is found and left out."""

from typing import Any

_MOST_DEATHS = 2  # the first may be bad luck: a machine that vanished


class Ledger:
    """What the units at work are at. One for all workers, as an actor of Ray."""

    def __init__(self) -> None:
        self._at: dict[int, int] = {}  # unit -> number of its file
        self._deaths: dict[int, int] = {}  # number of a file -> processes that died with it

    def begin(self, unit: int) -> frozenset[int]:
        """Note that a unit begins; where it has begun before, its process has died.

        Returns:
            Numbers of the files that are to be left out.
        """
        number = self._at.pop(unit, None)
        if number is not None:
            self._deaths[number] = self._deaths.get(number, 0) + 1
        return frozenset(number for number, deaths in self._deaths.items() if deaths >= _MOST_DEATHS)

    def at(self, unit: int, number: int) -> None:
        """Note which file a unit is at."""
        self._at[unit] = number

    def end(self, unit: int) -> None:
        """Note that a unit is done."""
        self._at.pop(unit, None)


def remote_ledger() -> Any:
    """A ledger in a process of its own on the driver's machine."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0, max_restarts=0)(Ledger).options(scheduling_strategy=here).remote()
