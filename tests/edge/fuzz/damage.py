"""Bytes and JSON after accidents."""

import json
import random
from typing import Any

_VALUES = (
    *(None, True, False, 0, 1, -1, 2, 1.5, 10**6, 10**18, 10**30, 10**400, 1e308, float("nan"), float("inf"), -0.0),
    *("", "x", "dog", "\ud800", "\x1b[2J", "1", "gap", "start", "2026-05-01T00:00:00"),
    *([], {}, [[]], {"a": 1}, [None], [1, -1]),
)


def damaged(chance: random.Random, content: bytes) -> bytes:
    """The same bytes after some accidents, half of them where a file says what it is."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        place = chance.randrange(max(1, len(data) if chance.random() < 0.5 else min(len(data), 200)))
        length = chance.choice((1, 2, 4, 8, 100, 1000))
        match chance.randrange(7):
            case 0:
                data[place : place + length] = chance.randbytes(min(length, len(data) - place))
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = chance.randbytes(length)
            case 3:
                data[place : place + length] = bytes([chance.choice((0, 0x7F, 0x80, 0xFF))]) * min(length, 8)
            case 4:
                data[place:place] = data[chance.randrange(len(data) or 1) :][:length]
            case 5 if chance.random() < 0.3:
                del data[place:]
            case _:
                if data:
                    data[min(place, len(data) - 1)] ^= 1 << chance.randrange(8)
    return bytes(data)


def mutated(chance: random.Random, value: Any) -> Any:
    """The same JSON with something in it changed, left out or put elsewhere."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.choice((1, 1, 1, 3))):
        holder, key = _somewhere(chance, value)
        if holder is None:
            return chance.choice(_VALUES)
        match chance.randrange(6):
            case 0 if chance.random() < 0.3:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, chance.choice((chance.choice(_VALUES), holder[key])))
            case 2 if isinstance(holder[key], int | float):
                holder[key] = chance.choice((-holder[key], holder[key] + 1, holder[key] * 1000, holder[key] // 2))
            case 3:
                other, place = _somewhere(chance, value)
                holder[key] = json.loads(json.dumps(other[place] if other is not None else None))
            case _:
                holder[key] = chance.choice(_VALUES)
    return value


def _somewhere(chance: random.Random, value: Any) -> tuple[Any, Any]:
    """A list or an object somewhere in a value, and one of its keys."""
    holder, key = None, None
    while isinstance(value, list | dict) and value and (holder is None or chance.random() < 0.8):
        holder = value
        key = chance.randrange(len(value)) if isinstance(value, list) else chance.choice(list(value))
        value = value[key]
    return holder, key
