import pytest

from edge.sources.url.playlists import entries_of, is_page, on_network

XSPF = b"""<?xml version="1.0" encoding="UTF-8"?><playlist version="1" xmlns="http://xspf.org/ns/0/">
<location>http://radio.example/the-list-itself</location><trackList>
<track><location>a.mp3?x=1&amp;y=2</location></track><!-- <track><location>no.mp3</location></track> -->
<track><title>b</title><location><![CDATA[b.mp3]]></location></track></trackList></playlist>"""
ASX = b'<ASX Version="3.0">\r\n<Entry><Ref HREF = "a.mp3"/></Entry><entry><ref href=\'b.mp3\'></entry>\r\n</ASX>'


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.pls", b"\xef\xbb\xbf[playlist]\r\nNumberOfEntries=2\r\nFile2=b.mp3\r\nFile1=a.mp3\r\n", ["a.mp3", "b.mp3"]),
        ("x", b"\n[Playlist]\nfile10=b.mp3\nfile9 = a.mp3\n", ["a.mp3", "b.mp3"]),
        ("a.m3u", "#EXTM3U\r\n#EXTINF:1,B\r\ncaf\xe9.mp3\r\n\r\nb.mp3".encode("latin-1"), ["caf\xe9.mp3", "b.mp3"]),
        ("a.M3U", b"a.mp3\n# no\n  b.mp3  \n", ["a.mp3", "b.mp3"]),
        ("a.m3u", "#EXTM3U\r\na.mp3\r\n".encode("utf-16"), ["a.mp3"]),
        ("http://a/b.m3u8?x=1", b"a.mp3", ["a.mp3"]),
        ("a.m3u", b"#EXTM3U\n# nothing\n", []),
        ("a.m3u", b"", []),
        ("a", XSPF, ["a.mp3?x=1&y=2", "b.mp3"]),
        ("a", ASX, ["a.mp3", "b.mp3"]),
        ("a.asx", b"[Reference]\r\nRef1=http://a/a.mp3\r\n", ["http://a/a.mp3"]),
        ("a.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:2\na.ts\n", None),
        ("a.txt", b"no sound\n", None),
        ("a.m3u", b"\0\1\2", None),
        ("a.xml", b"<?xml version='1.0'?><rss/>", None),
    ],
)
def test_entries_are_found(name: str, data: bytes, expected: list[str] | None) -> None:
    """By what a playlist holds more than by what it is called, in any character set."""
    assert expected == entries_of(data, name)


@pytest.mark.parametrize(
    "entry",
    [
        "file:///etc/passwd",
        "FILE:/etc/passwd",
        "concat:/etc/passwd|/etc/hosts",
        "concat:http://a/b.sdp",
        "data:audio/wav;base64,AAAA",
        "C:\\music\\a.mp3",
        "pipe:0",
        "alsa://default",
        "http://[",
    ],
)
def test_an_entry_from_the_network_leads_nowhere_else(entry: str) -> None:
    """Nobody far away says which files of this machine are read."""
    assert on_network(entry, "http://radio.example/a.m3u") is None


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("b c.mp3", "http://radio.example/x/b%20c.mp3"),
        ("/etc/passwd", "http://radio.example/etc/passwd"),
        ("../b.mp3", "http://radio.example/b.mp3"),
        ("//other/b.mp3", "http://other/b.mp3"),
        ("RTSP://camera/a", "rtsp://camera/a"),
    ],
)
def test_an_entry_is_relative_to_its_playlist(entry: str, expected: str) -> None:
    """As links of a page are."""
    found = on_network(entry, "http://radio.example/x/a.m3u")
    assert found is not None
    assert expected.lower() == found.lower()


def test_pages_are_told_from_sound() -> None:
    """By their type or by how they begin."""
    assert [True, True, False] == [
        is_page(b"\xef\xbb\xbf <!DOCTYPE HTML>", ""),
        is_page(b"", "text/html"),
        is_page(b"RIFF", "audio/wav"),
    ]
