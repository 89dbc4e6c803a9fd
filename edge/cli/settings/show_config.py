"""All settings of a command and where each came from, written as a file that `--config` takes."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edge.cli.settings.option_types import (
    KeyValueOption,
    StartOption,
    TablesOption,
    ThresholdOption,
    table_origins,
)
from edge.cli.settings.origins import origin_of, settable
from edge.model import Card, ClassDecoding, Window
from edge.sources.url import SECRET_OPTIONS, redacted


def show_config(
    ctx: click.Context, model_path: Path, card: Card, window: Window, decoding: Mapping[str, ClassDecoding]
) -> str:
    """What the command in `ctx` would do, as TOML.

    Args:
        ctx: of the command, parsed.
        model_path: of the model in use.
        card: its.
        window: in frames, as chosen.
        decoding: label -> settings, as chosen.
    """
    from_card = {
        "hop": window.hop_frames * card.frame_seconds,
        "window": window.window_frames * card.frame_seconds,
        "labels": list(card.default_labels or card.labels),
    }
    lines: list[tuple[str, str]] = []
    tables: list[list[tuple[str, str]]] = []
    for key, param in settable(ctx.command).items():
        value, origin = ctx.params[str(param.name)], origin_of(ctx, param).kind
        if isinstance(param, ThresholdOption):
            tables.append([(f"[{key}]", ""), *_thresholds(value, card, decoding)])
        elif isinstance(param, KeyValueOption):
            origins = ctx.meta[table_origins(param)]
            tables.append([(f"[{key}]", ""), *((_assigned(name, value[name]), origins[name]) for name in value)])
        elif isinstance(param, TablesOption):
            tables += [] if value is None else [_table(key, table, origin) for table in value[1]]
        elif param.metavar is not None and "=" in param.metavar:
            pairs = [text.partition("=") for text in value]
            shown = [(name, "***" if key == "option" and name in SECRET_OPTIONS else text) for name, _, text in pairs]
            tables.append([(f"[{key}]", ""), *((_assigned(name, text), origin) for name, text in shown)])
        elif origin == "default" and key in from_card:
            lines.append((_assigned(key, from_card[key]), "model card"))
        elif value is None and key == "model":
            lines.append((_assigned(key, model_path), origin))
        elif isinstance(param, StartOption) and value is not None and len(value) == 1:
            lines.append((_assigned(key, value[0]), origin))
        elif value is None:
            lines.append((f"# {key}: {_default(param)}", origin))
        else:
            lines.append((_assigned(key, value), origin))
    tables = [table for table in tables if len(table) > 1]
    return "\n".join([_aligned(lines), *("\n" + _aligned(table) for table in tables)])


def _table(key: str, table: Mapping[str, Any], origin: str) -> list[tuple[str, str]]:
    """One of several tables of a name. Where messages go is shown without what may be a secret."""
    from edge.outputs.notify import shown

    lines = [(f"[[{key}]]", "")]
    for name, value in table.items():
        urls = value if isinstance(value, list) else [value]
        lines.append((_assigned(name, [shown(url) for url in urls] if name == "to" else value), origin))
    return lines


def _aligned(lines: list[tuple[str, str]]) -> str:
    width = max(len(left) for left, comment in lines if comment and len(left) <= 60)
    return "\n".join(f"{left:<{width}}  # {comment}" if comment else left for left, comment in lines)


def _thresholds(thresholds: Any, card: Card, decoding: Mapping[str, ClassDecoding]) -> list[tuple[str, str]]:
    origins = {
        label: threshold.origin.kind  # the last one wins
        for threshold in thresholds
        for label in card.groups.get(threshold.label, (threshold.label,))
    }
    rows = [("# where an event begins; the rest is the model card's", "")]
    for label in card.labels:
        settings, seconds = decoding[label], card.frame_seconds
        off = "" if settings.off == card.decoding[label].off else ", lowered with it"
        rows.append(
            (
                _assigned(label, settings.on),
                f"{origins.get(label, 'model card')}; ends below {settings.off:g}{off}, "
                f"median {settings.median_frames * seconds:g} s, shortest {settings.shortest_frames * seconds:g} s, "
                f"merge {settings.merge_frames * seconds:g} s",
            )
        )
    return rows


def _assigned(key: str, value: Any) -> str:
    key = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
    return f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    """A value as TOML writes it, without passwords.

    >>> _toml(["rtsp://me:secret@porch/1", "mic"])
    '["rtsp://***@porch/1", "mic"]'
    """
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    return json.dumps(redacted(str(value)), ensure_ascii=False)


def _default(param: click.Parameter) -> str:
    """The default of an option, from its help."""
    found = re.search(r"\[default: (.*)\]", getattr(param, "help", None) or "")
    return found[1] if found else "none"
