"""When the sound of a file began."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.sources import Zone
from scan.archive import start_of


@pytest.mark.parametrize(
    ("path", "how", "zone", "expected"),
    [
        ("s3://b/20230501_043000.WAV", "auto", None, ("2023-05-01T04:30:00+00:00", "name", "assumed")),
        ("SMM00001_20230501_043000.wav", "name", "+02:00", ("2023-05-01T02:30:00+00:00", "name", "given")),
        ("20230501T043000+1000_SITE.flac", "auto", None, ("2023-04-30T18:30:00+00:00", "name", "written")),
        ("20230501_043000.WAV", "metadata", None, None),
        ("20230501_043000.WAV", "none", None, None),
        ("porch.wav", "auto", None, None),
    ],
)
def test_names_say_when(path: str, how: str, zone: str | None, expected: tuple[str, str, str] | None) -> None:
    """As recorders write them, with the zone that is written, given or assumed."""
    start, doubt = start_of(path, None, None, how, Zone(zone))
    assert expected == (None if start is None else (start.at.isoformat(), start.place, start.zone))
    assert "" == doubt


def test_manifest_wins_and_doubt_is_said() -> None:
    """What somebody wrote down counts more than a name; a time that a clock had twice is doubtful."""
    said = datetime(2026, 1, 1, tzinfo=UTC)
    start, _ = start_of("20230501_043000.WAV", Path("20230501_043000.WAV"), said, "auto", Zone())
    assert start is not None
    assert (said, "manifest") == (start.at, start.place)
    _, doubt = start_of("20231029_023000.WAV", None, None, "name", Zone("Europe/Berlin"))
    assert "comes twice in Europe/Berlin" in doubt
