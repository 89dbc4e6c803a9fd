"""Which time a file began at: the one that somebody gave, or the one that its recorder wrote."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from edge.errors import SettingError, did_you_mean
from edge.sources.recorders.metadata import time_in_metadata
from edge.sources.recorders.names import time_in_name
from edge.sources.recorders.zones import Written, Zone

_log = logging.getLogger(__name__)

HOW = ("name", "metadata", "none")
"""What may stand for a time: where it is to be looked for."""

LAST_YEAR = 9000
"""In which a source may begin: the calendar ends with 9999."""


class Start(NamedTuple):
    """When the first sample of a file was recorded.

    Attributes:
        at: in UTC.
        place: where that was written: `name`, `GUANO`, `ICMT`, `bext` or `option`.
        zone: `written` with the time, `given` by the user, or `assumed` to be UTC.
    """

    at: datetime
    place: str
    zone: str


def written_start(path: Path, how: str | None = None) -> Written | None:
    """The time that a recorder wrote, without a judgement.

    Args:
        path: of the file, which may be missing.
        how: `name` or `metadata`; None for metadata and, where that has no time, the name.
    """
    written = None if how == "name" else time_in_metadata(path)
    if written is None and how != "metadata":
        named = time_in_name(path.name)
        written = None if named is None else Written(named, "name")
    return written


def start_times(
    said: Sequence[str], files: Mapping[str, Path | None], live: Sequence[str], zone: Zone
) -> dict[str, Start]:
    """When each file began, as far as that is known. Each doubt about it is a warning, logged once.

    Args:
        said: a time, `name`, `metadata` or `none`, for all files; or NAME= and one of these for one
            source.
        files: the path of each source that is not live, by its name; None for stdin.
        live: names of the other sources.
        zone: of times without one.

    Returns:
        Source's name -> its start.

    Raises:
        SettingError: if that does not fit together, or the time of no file can be found as was said.
    """
    own, general = _parsed(said, files, live)
    if general is None and not own:
        if zone.given:
            raise SettingError(
                f"--timezone {zone.text} is for the times of files; give --started-at name, metadata or a time with it"
            )
        _hint(files)
        return {}
    rest = [name for name in files if name not in own]
    if general is not None and general not in HOW and len(rest) > 1:
        raise SettingError(
            f"--started-at {general} would have {len(rest)} files begin at once; give each a time of its own, such as "
            f"--started-at {rest[0]}={general}, or --started-at name (or metadata) where the recorder wrote it"
        )
    wanted = own | ({} if general is None else dict.fromkeys(rest, general))
    written = {name: _found(text, files[name]) for name, text in wanted.items() if text != "none"}
    _check_found(wanted, written, own, files)
    return _judged({name: found for name, found in written.items() if found is not None}, zone)


def _parsed(
    said: Sequence[str], files: Mapping[str, Path | None], live: Sequence[str]
) -> tuple[dict[str, str], str | None]:
    """What was said for single sources, and for all others."""
    own: dict[str, str] = {}
    general: str | None = None
    for text in said:
        name, equals, value = text.rpartition("=")
        if name in live or (live and not equals and (value not in HOW or not files)):
            raise SettingError(
                f"--started-at is for files; {name or live[0]} is heard live, and its times are those of the clock"
            )
        if equals and name not in files:
            raise SettingError(f"--started-at {text}: no source is called {name!r}{did_you_mean(name, files)}")
        if (name in own) if equals else (general is not None):
            raise SettingError(f"--started-at is given twice for {name or 'all files'}; leave one out")
        if equals:
            own[name] = value
        else:
            general = value
    return own, general


def _found(text: str, path: Path | None) -> Written | None:
    if text not in HOW:
        return Written(_time(text), "option")
    return None if path is None else written_start(path, text)


def _check_found(
    wanted: Mapping[str, str],
    written: Mapping[str, Written | None],
    own: Mapping[str, str],
    files: Mapping[str, Path | None],
) -> None:
    """See that times were found; a file that is not there says so itself when it is to be heard."""
    lacking = [
        name for name, found in written.items() if found is None and ((path := files[name]) is None or path.exists())
    ]
    if not lacking:
        return
    name = next((name for name in lacking if name in own), lacking[0])
    where = "the name of" if wanted[name] == "name" else "the metadata of"
    others = f" nor of {len(lacking) - 1} more" if len(lacking) > 1 else ""
    way_out = f"--started-at {name}=TIME gives it one, {name}=none says that it has none"
    if name in own or len(lacking) == len(written):
        raise SettingError(f"--started-at {wanted[name]}: there is no time of day in {where} {name}{others}; {way_out}")
    _log.warning("there is no time of day in %s %s%s: events there have none; %s", where, name, others, way_out)


def _judged(written: Mapping[str, Written], zone: Zone) -> dict[str, Start]:
    starts, doubts = {}, []
    for name, found in written.items():
        try:
            at = zone.utc(found.at)
        except OverflowError:
            at = datetime.max.replace(tzinfo=UTC)
        if at.year > LAST_YEAR:
            raise _no_time(found.at.isoformat())
        with_zone = found.at.tzinfo is not None
        starts[name] = Start(at, found.place, "written" if with_zone else "given" if zone.given else "assumed")
        if (doubt := zone.doubt(found.at)) is not None:
            doubts.append(f"{name}: {found.at:%Y-%m-%d %H:%M:%S} {doubt}")
    assumed = [name for name, start in starts.items() if start.zone == "assumed" and start.place != "option"]
    if assumed:
        _log.warning(
            "%s%s: says no time zone (%s); UTC is assumed, --timezone says which it is",
            assumed[0],
            _and_more(assumed),
            written[assumed[0]].at.isoformat(sep=" "),
        )
    if doubts:
        _log.warning("%s%s; an offset such as --timezone +01:00 leaves no doubt", doubts[0], _and_more(doubts))
    return starts


def _hint(files: Mapping[str, Path | None]) -> None:
    """Tell that a file has a time of day, which nobody asked for."""
    for name, path in files.items():
        for how in ("name", "metadata"):
            written = None if path is None else written_start(path, how)
            if written is not None:
                _log.info(
                    "%s: its %s says that it began at %s; --started-at %s gives its events times of day",
                    name,
                    how,
                    written,
                    how,
                )
                return


def _and_more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise _no_time(text) from exc


def _no_time(text: str) -> SettingError:
    return SettingError(
        f"--started-at {text}: expected an ISO 8601 time such as 2026-05-01T04:30:00Z, or {', '.join(HOW)}"
    )
