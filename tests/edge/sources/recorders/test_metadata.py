from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import av
import numpy as np
import pytest

from edge.sources.recorders.metadata import time_in_bext, time_in_comment, time_in_guano, time_in_metadata
from tests.edge.sources.recorders.waves import bext, comment, guano, write_wave

AT = datetime(2023, 5, 1, 4, 30)
EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        *(
            (" (UTC)", 0),
            (" (UTC+2)", 2),
            (" (UTC-5)", -5),
            (" (UTC+5:30)", 5.5),
            (" (UTC-0:30)", -0.5),
            (" (UTC+10)", 10),
        ),
        *((" (UTC+12:45)", 12.75), ("", None)),
    ],
)
def test_the_comment_of_an_audiomoth_says_when_and_where(zone: str, offset: float | None) -> None:
    """In all the forms of its firmware; the oldest wrote no zone."""
    found = time_in_comment(f"Recorded at 04:30:00 01/05/2023{zone} by AudioMoth 24F319 at medium gain")
    assert found == AT.replace(tzinfo=None if offset is None else timezone(timedelta(hours=offset)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("2023-05-01T04:30:00", AT), ("2023-05-01T04:30:00+02:00", AT.replace(tzinfo=EAST))),
        *(
            ("2023-05-01 04:30:00Z", AT.replace(tzinfo=UTC)),
            ("2023-05-01T04:30:00.25", AT.replace(microsecond=250_000)),
        ),
        *(("2023-05-01T04:30:00.123+0200", AT.replace(microsecond=123_000, tzinfo=EAST)), ("2023-05-01", None)),
        *(
            ("2023-02-29T04:30:00", None),
            ("2023-05-01T04:30:00+99:00", None),
            ("0001-01-01T00:00:00", None),
            ("", None),
        ),
    ],
)
def test_guano_says_when(text: str, expected: datetime | None) -> None:
    """Whole times that exist, with a zone or without."""
    for end in ("\n", "\r\n", ""):
        assert expected == time_in_guano(
            f"GUANO|Version: 1.0{end or chr(10)}Timestamp: {text}{end}".replace("\r", "\n")
        )


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        *((b"2023-05-01", b"04:30:00", AT), (b"2023:05:01", b"04-30-00", AT), (b"2023 05 01", b"04.30.00", AT)),
        *(
            (b"", b"", None),
            (b"2023-05-01", b"", None),
            (b"0000-00-00", b"00:00:00", None),
            (b"2023-02-29", b"04:30:00", None),
        ),
        (b"\xff" * 10, b"\xff" * 8, None),
    ],
)
def test_bext_says_when(date: bytes, time: bytes, expected: datetime | None) -> None:
    """With any sign between the numbers; empty fields say nothing."""
    assert expected == time_in_bext(bext(date, time)[8:])


def test_what_is_within_a_file_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """Before the sound or after it, in a file of no sound, too; GUANO comes before a comment, that before bext."""
    path = tmp_path / "a.wav"
    tags = [
        guano("2023-05-01T01:00:00Z"),
        comment("Recorded at 02:00:00 01/05/2023 (UTC)"),
        bext(b"2023-05-01", b"03:00:00"),
    ]
    for count, place, hour in ((3, "GUANO", 1), (2, "ICMT", 2), (1, "bext", 3)):
        for write in (
            lambda some: write_wave(path, *some),
            lambda some: write_wave(path, after=tuple(some)),
            lambda some: write_wave(path, *some[::-1], samples=0, kind=b"RF64"),
        ):
            write(tags[-count:])
            found = time_in_metadata(path)
            assert found is not None
            assert (place, hour) == (found.place, found.at.hour)


def test_a_comment_is_kept_by_other_formats(tmp_path: Path) -> None:
    """A FLAC that was made from an AudioMoth's file."""
    with av.open(str(tmp_path / "a.flac"), "w") as container:
        container.metadata["comment"] = "Recorded at 04:30:00 01/05/2023 (UTC+2) by AudioMoth"
        stream = container.add_stream("flac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), dtype=np.int16), "s16", "mono")
        frame.rate = 16_000
        container.mux([*stream.encode(frame), *stream.encode()])
    found = time_in_metadata(tmp_path / "a.flac")
    assert found is not None
    assert (AT.replace(tzinfo=EAST), "ICMT") == (found.at, found.place)


def test_damaged_files_say_no_wrong_time_and_end_nothing(tmp_path: Path) -> None:
    """A thousand of them: any time that is read stands in the bytes; no file, folder or text has one."""
    chance, path = np.random.default_rng(0), tmp_path / "a.wav"
    write_wave(
        path, bext(b"", b""), comment("Recorded at 04:30:00 01/05/2023 (UTC+2)"), after=(guano("2023-05-01T04:30:00"),)
    )
    whole = path.read_bytes()
    for _ in range(1000):
        data = bytearray(whole[: chance.integers(0, len(whole))] if chance.random() < 0.3 else whole)
        for place in chance.integers(0, max(1, len(data)), 5) if data else ():
            data[place] = chance.integers(0, 256)
        path.write_bytes(data)
        found = time_in_metadata(path)
        assert found is None or 1970 <= found.at.year <= 2099
    for other in (tmp_path, tmp_path / "gone.wav", Path("/dev/null")):
        assert time_in_metadata(other) is None
