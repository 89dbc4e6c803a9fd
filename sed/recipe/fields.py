"""Frozen dataclasses that are read from the plain values of a TOML table, and written back."""

import dataclasses
import math
import types
import typing
from typing import Any, Self

from edge.errors import did_you_mean
from sed.errors import RecipeError


class Config:
    """A frozen dataclass that is read from plain values and written back; unknown keys and wrong types are errors."""

    @classmethod
    def from_dict(cls, values: dict[str, Any], where: str) -> Self:
        """Build from plain values.

        Args:
            values: what a TOML table or a checkpoint holds.
            where: the start of an error message, such as "recipe.toml [network]".

        Raises:
            RecipeError: if a key is unknown, a type is wrong or a value does not pass the class's own checks.
        """
        fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]  # subclasses are dataclasses
        hints = typing.get_type_hints(cls)
        made: dict[str, Any] = {}
        for key, value in values.items():
            if key not in fields:
                raise RecipeError(f"{where}: unknown key {key!r}{did_you_mean(key, fields)}")
            made[key] = _convert(hints[key], value, f"{where} {key}")
        try:
            return cls(**made)
        except (TypeError, ValueError) as exc:
            raise RecipeError(f"{where}: {exc}") from exc

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        values: dict[str, Any] = dataclasses.asdict(self)  # type: ignore[call-overload]  # subclasses are dataclasses
        return values


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise RecipeError(f"{where}: expected a list, got {value!r}")
        return tuple(_convert(typing.get_args(hint)[0], item, where) for item in value)
    if origin is dict:
        inner = typing.get_args(hint)[1]
        return {key: _convert(inner, item, f"{where}.{key}") for key, item in _table(value, where).items()}
    if isinstance(hint, type) and issubclass(hint, Config):
        return hint.from_dict(_table(value, where), where)
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise RecipeError(f"{where}: expected a finite number, got {value!r}")
    if not any(type(value) is kind for kind in allowed):
        names = " or ".join(kind.__name__ for kind in allowed)
        raise RecipeError(f"{where}: expected {names}, got {value!r}")
    return value


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RecipeError(f"{where}: expected a table, got {value!r}")
    return value


def require(condition: bool, message: str) -> None:
    """For `__post_init__`: raise a `ValueError` for a wrong value; `from_dict` adds in which table it is."""
    if not condition:
        raise ValueError(message)


def require_probability(config: Config, name: str) -> None:
    """Check that a field is a probability."""
    require(0.0 <= getattr(config, name) <= 1.0, f"{name} is a probability, got {getattr(config, name)}")
