import string
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from edge.sources.recorders.names import time_in_name

AT = datetime(2023, 5, 1, 4, 30, 0)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "20230501_043000.WAV",
            "20230501_043000T.WAV",
            "20230501_043000_SYNC.WAV",
            "24F31901603710AB_20230501_043000.WAV",
        ),
        *("SMM00001_20230501_043000.wav", "S4A01234_0+1_20230501_043000.wav", "SITE-1_0A1B_20230501_043000.wav"),
        *("SITE_-0-_20230501$043000.wac", "SMU02_20230501_043000_000.wav", "data/2022/20230501_043000.WAV"),
        *("2023-05-01T04:30:00.wav", "2023-05-01 04-30-00.mkv", "2023-05-01-birdnet-04:30:00.wav"),
        *("REC20230501043000.mp3", "2023_05_01_04_30_00.flac", "RecM01_20230501_043000_044000_6D28.mp4"),
        "20230501_043000-0001.wav",
    ],
)
def test_names_of_recorders_say_when(name: str) -> None:
    """Whatever stands around the time."""
    assert AT == time_in_name(name)


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        *(("20230501T043000+1000_SITE.flac", 10), ("20230501T043000Z.wav", 0), ("SWIFT_20230501_043000-0500.wav", -5)),
        *(
            ("SMM00001_20230501_043000+0200.wav", 2),
            ("a_20230501_043000_UTC.wav", 0),
            ("20230501$043000+05:30.wav", 5.5),
        ),
    ],
)
def test_a_zone_in_a_name_counts(name: str, hours: float) -> None:
    """As an offset, or as UTC."""
    found = time_in_name(name)
    assert found is not None
    assert (timedelta(hours=hours), AT) == (found.utcoffset(), found.replace(tzinfo=None))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "20230229_043000.WAV",
            "20230431_043000.WAV",
            "20231301_043000.WAV",
            "20230501_240000.WAV",
            "20230501_236000.WAV",
        ),
        *("20230501_235960.WAV", "20230501.wav", "043000.wav", "20230501_0430.wav", "18230501_043000.wav"),
        *("120230501_043000.wav", "20230501_0430001.wav", "5AFD1F6A.WAV", "20230501_043000+9900.wav", "", ".wav"),
        *("20230501/043000.wav", "20230501_043000_20230502_043000.wav", "dog.wav", "1-100032-A-0.wav"),
        "\u0662\u0660\u0662\u0663\u0660\u0665\u0660\u0661_043000.wav",
    ],
)
def test_other_names_say_no_time(name: str) -> None:
    """Times that do not exist, parts of one, two at once, numbers of another kind."""
    assert time_in_name(name) is None


def test_leap_days_are_those_of_the_calendar() -> None:
    """Every fourth year, but for some centuries."""
    found = [year for year in range(1970, 2100) if time_in_name(f"A_{year}0229_120000.wav") is not None]
    assert [*range(1972, 2100, 4)] == found


def test_a_name_without_a_date_gets_no_time() -> None:
    """Ten thousand of them: letters, signs and up to seven digits in a row."""
    chance = np.random.default_rng(0)
    letters = [*string.ascii_letters, *"-_ $+.T"]
    for _ in range(10_000):
        parts = [
            "".join(chance.choice(letters, chance.integers(1, 6)))
            + str(chance.integers(0, 10 ** chance.integers(1, 4)))
            for _ in range(chance.integers(1, 5))
        ]
        name = "x".join(parts) + ".wav"
        assert time_in_name(name) is None, name


def test_every_moment_is_read_as_it_was_written() -> None:
    """In each of the forms, whatever the prefix."""
    chance = np.random.default_rng(1)
    for _ in range(500):
        at = datetime(1970, 1, 1) + timedelta(seconds=int(chance.integers(0, 4_000_000_000)))
        assert (
            at
            == time_in_name(f"{at:%Y%m%d_%H%M%S}.WAV")
            == time_in_name(f"P{chance.integers(99)}_{at:%Y%m%d$%H%M%S}.wav")
        )
        zone = timezone(timedelta(minutes=15 * int(chance.integers(-48, 56))))
        aware = at.replace(tzinfo=UTC).astimezone(zone)
        assert aware == time_in_name(f"{aware:%Y%m%dT%H%M%S%z}_S.flac") or aware.year > 2099
