"""The sounds of YAMNet: their labels, AudioSet's ids, groups, and how the scores of each group become events."""

import csv
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import SettingError, did_you_mean
from edge.model import ClassDecoding
from export.errors import SourceModelError
from export.yamnet.network import CLASSES

SETTINGS = Path(__file__).with_name("general.toml")
CLASS_MAP = Path(__file__).with_name("yamnet_class_map.csv")  # as published
_HIGHEST_THRESHOLD = 0.95


@dataclass(frozen=True)
class Sound:
    """A class of YAMNet: `name` as in its class map, `ontology_id` in AudioSet."""

    name: str
    ontology_id: str

    @property
    def label(self) -> str:
        """The name as an event label, which needs no quotes anywhere.

        >>> Sound("Crowing, cock-a-doodle-doo", "/m/07qn5dc").label
        'crowing_cock_a_doodle_doo'
        """
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Sounds that share the settings of the decoder.

    Attributes:
        sounds: in the order of the classes.
        on: threshold of an event's onset.
        merge_frames: events with a gap of at most this between them are one.
    """

    sounds: tuple[Sound, ...]
    on: float
    merge_frames: int


@dataclass(frozen=True, kw_only=True)
class General:
    """What `general.toml` says, with all names resolved.

    Attributes:
        sounds: all classes, in order.
        groups: by name; each sound is in one.
        reported: the sounds that are reported unless others are asked for.
    """

    sounds: tuple[Sound, ...]
    groups: dict[str, Group]
    reported: tuple[Sound, ...]
    window_frames: int
    hop_frames: int
    lookahead_frames: int
    shortest_frames: int
    off_share: float
    licence: str

    def decoding(self) -> dict[str, ClassDecoding]:
        """Label -> settings of the decoder, those of its group."""
        return {
            sound.label: ClassDecoding(
                on=group.on,
                off=self.off_share * group.on,
                median_frames=1,
                shortest_frames=self.shortest_frames,
                merge_frames=group.merge_frames,
            )
            for group in self.groups.values()
            for sound in group.sounds
        }


def read_class_map(path: Path = CLASS_MAP) -> tuple[Sound, ...]:
    """The classes of YAMNet's `yamnet_class_map.csv`.

    Raises:
        SourceModelError: if it cannot be read or has another number of classes.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            sounds = tuple(Sound(row["display_name"], row["mid"]) for row in csv.DictReader(file))
    except (OSError, KeyError, UnicodeDecodeError) as exc:
        raise SourceModelError(f"{path}: is no class map of YAMNet ({exc}); give its yamnet_class_map.csv") from exc
    if len(sounds) != CLASSES or len({sound.label for sound in sounds}) != CLASSES:
        raise SourceModelError(f"{path}: has {len(sounds)} classes, expected {CLASSES} with distinct names")
    return sounds


def read_general(sounds: tuple[Sound, ...], path: Path = SETTINGS) -> General:
    """Read the settings.

    Args:
        sounds: of the class map.
        path: of the TOML.

    Raises:
        SettingError: if it names a sound that does not exist, or leaves one without a group.
    """
    values = tomllib.loads(path.read_text())
    left = {sound.name for sound in sounds}
    groups = {}
    for name, table in values["groups"].items():
        members = _named(table["sounds"], sounds, f"{path} [groups.{name}]") & left
        left -= members
        groups[name] = Group(
            sounds=tuple(sound for sound in sounds if sound.name in members),
            on=table.get("on", _HIGHEST_THRESHOLD),
            merge_frames=table["merge"],
        )
    if left:
        raise SettingError(f"{path}: no group names {', '.join(sorted(left))}; add them to one")
    _require_own_name(groups, sounds, path)
    unreported = _named(values["unreported"], sounds, f"{path} unreported")
    return General(
        sounds=sounds,
        groups=groups,
        reported=tuple(sound for sound in sounds if sound.name not in unreported),
        window_frames=values["window"],
        hop_frames=values["hop"],
        lookahead_frames=values["lookahead"],
        shortest_frames=values["shortest"],
        off_share=values["off_share"],
        licence=values["licence"],
    )


def _named(entries: Any, sounds: tuple[Sound, ...], where: str) -> set[str]:
    """The names of the sounds that entries such as "Animal..Frog" or "Bang" stand for."""
    names = [sound.name for sound in sounds]
    found: set[str] = set()
    for entry in entries:
        first, dots, last = entry.partition("..")
        for name in (first, last if dots else first):
            if name not in names:
                raise SettingError(f"{where}: YAMNet has no sound {name!r}{did_you_mean(name, names)}")
        found |= set(names[names.index(first) : names.index(last if dots else first) + 1])
    return found


def _require_own_name(groups: dict[str, Group], sounds: tuple[Sound, ...], path: Path) -> None:
    """A group that is called like a sound must hold it: `--labels animal` means both."""
    for name, group in groups.items():
        if name in {sound.label for sound in sounds} - {sound.label for sound in group.sounds}:
            raise SettingError(f"{path} [groups.{name}]: a sound of that name is in another group; rename the group")
