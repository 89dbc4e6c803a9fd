from datetime import UTC, datetime

import pytest

from edge.errors import SettingError
from edge.sources.recorders.zones import Zone


@pytest.mark.parametrize(
    ("text", "hour"),
    [(None, 4), ("UTC", 4), ("Z", 4), ("+02:00", 2), ("-0330", 8), ("+5", 23), ("UTC-5", 9), ("Europe/Berlin", 2)],
)
def test_a_zone_is_a_name_or_an_offset(text: str | None, hour: int) -> None:
    """UTC where nobody said one; a zone that was written with a time wins."""
    zone = Zone(text)
    assert (hour, text is not None) == (zone.utc(datetime(2023, 5, 1, 4, 30)).hour, zone.given)
    assert datetime(2023, 5, 1, 4, 30, tzinfo=UTC) == zone.utc(datetime(2023, 5, 1, 4, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    "text", ["", "Europa/Berlin", "Europe", "../UTC", "/etc/passwd", "+25:00", "+02:07", "MESZ", "\0"]
)
def test_what_is_no_zone_is_refused(text: str) -> None:
    """With an example of what is expected."""
    with pytest.raises(SettingError, match=r"--timezone .*: expected a name such as Europe/Berlin"):
        Zone(text)


@pytest.mark.parametrize(
    ("zone", "at", "doubt", "utc"),
    [
        ("Europe/Berlin", datetime(2023, 10, 29, 2, 30), "comes twice", datetime(2023, 10, 29, 0, 30, tzinfo=UTC)),
        ("America/New_York", datetime(2023, 11, 5, 1, 0), "comes twice", datetime(2023, 11, 5, 5, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2023, 3, 26, 2, 30), "does not exist", datetime(2023, 3, 26, 1, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2023, 4, 2, 1, 45), "comes twice", datetime(2023, 4, 1, 14, 45, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2023, 3, 26, 3, 0), None, datetime(2023, 3, 26, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2023, 10, 29, 3, 0), None, datetime(2023, 10, 29, 2, 0, tzinfo=UTC)),
        ("+01:00", datetime(2023, 10, 29, 2, 30), None, datetime(2023, 10, 29, 1, 30, tzinfo=UTC)),
    ],
)
def test_hours_that_come_twice_or_not_at_all_are_told(
    zone: str, at: datetime, doubt: str | None, utc: datetime
) -> None:
    """And read in one way."""
    said = Zone(zone).doubt(at)
    assert utc == Zone(zone).utc(at)
    assert (said is None) if doubt is None else (said is not None and doubt in said)
