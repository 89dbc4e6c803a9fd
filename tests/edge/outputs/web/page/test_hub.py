"""Messages to open tabs."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

from edge.outputs.web.page.hub import MOST_TABS, Hub, Tab


def items_of(message: bytes) -> list[tuple[str, Any]]:
    """Identifier and content of each event."""
    events = [event for event in message.decode().split("\n\n") if event]
    return [(event.split("\n")[0][4:], json.loads(event.split("\n")[1][6:])) for event in events]


def done(task: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(task, 30))


def opened(hub: Hub, after: str = "") -> Tab:
    tab = hub.join(after)
    assert tab is not None
    return tab


def test_a_tab_that_comes_back_misses_nothing() -> None:
    """It gets what it has not had; where that is no longer kept, or of another run, the state as a whole."""

    async def check() -> None:
        hub = Hub(lambda: ["all"])  # type: ignore[list-item]  # whatever there is
        first = opened(hub)
        hub.publish([{"n": 1}])
        (start, whole), (one, items) = items_of(await first.next())
        assert (["all"], [{"n": 1}]) == (whole, items)
        hub.leave(first)
        hub.publish([{"n": 2}])
        hub.publish([{"n": 3}])
        assert [[{"n": 2}], [{"n": 3}]] == [items for _, items in items_of(await opened(hub, one).next())]
        assert 3 == len(items_of(await opened(hub, start).next()))
        for strange in ("", "x", "beef-1", f"{one}9", start.split("-")[0] + "-" + "9" * 40):
            assert [["all"]] == [items for _, items in items_of(await opened(hub, strange).next())]
        for _ in range(200):
            hub.publish([])
        assert [["all"]] == [items for _, items in items_of(await opened(hub, one).next())]

    done(check())


def test_a_tab_that_reads_nothing_is_cut_off() -> None:
    """Nothing waits for it: the others get all."""

    async def check() -> None:
        hub = Hub(list)
        stalled, reading = opened(hub), opened(hub)
        cut = asyncio.Event()
        stalled.on_cut_off = cut.set
        for number in range(100):
            hub.publish([{"n": number}])
            assert number in [item["n"] for _, items in items_of(await reading.next()) for item in items]
        await cut.wait()
        assert (True, False) == (stalled.was_cut_off, reading.was_cut_off)

    done(check())


def test_there_are_not_more_tabs_than_it_serves() -> None:
    """A place that is left is free again."""

    async def check() -> None:
        hub = Hub(list)
        assert not hub.is_watched
        tabs = [opened(hub) for _ in range(MOST_TABS)]
        assert (None, MOST_TABS, True) == (hub.join(""), hub.tabs, hub.is_watched)
        hub.leave(tabs[0])
        opened(hub)

    done(check())
