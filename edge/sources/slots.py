"""Slots for threads at work: of many that have something to do, only as many do it at once as there are cores.

Python runs one thread at a time, and changes threads in every call that leaves it. Where a hundred have work, each such
call waits in a queue of a hundred; where two have, it goes on at once.
"""

import itertools
import os
import threading
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")


def work_slots() -> threading.Semaphore:
    """A semaphore with a slot for each core that this process may use."""
    return threading.Semaphore(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def in_slots(items: Iterator[Item], slots: threading.Semaphore) -> Iterator[Item]:
    """The same items, each made while the thread holds a slot.

    >>> list(in_slots(iter("abc"), work_slots()))
    ['a', 'b', 'c']
    """
    while True:
        with slots:
            item = list(itertools.islice(items, 1))
        if not item:
            return
        yield item[0]
