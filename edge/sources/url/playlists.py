"""Playlists that name streams and files: M3U, PLS, XSPF, ASX. HLS looks like M3U and is none of them."""

import html
import re
import string
from urllib.parse import quote, urljoin

_MOST_ENTRIES = 10_000
_M3U_TYPES = ("audio/x-mpegurl", "audio/mpegurl", "application/x-mpegurl", "application/vnd.apple.mpegurl")
_NETWORK = re.compile(r"(https?|rtsps?|udp)://", re.IGNORECASE)
SUFFIXES = (".m3u", ".m3u8", ".pls", ".xspf", ".asx", ".wax", ".wvx")
"""What the name of a playlist ends in."""


def entries_of(data: bytes, name: str, media_type: str = "") -> list[str] | None:
    r"""The entries of a playlist as it writes them, or None if it is none (HLS is none).

    >>> entries_of(b"[playlist]\r\nFile2=b.mp3\r\nfile1=a.mp3\r\n", "radio.pls")
    ['a.mp3', 'b.mp3']
    """
    text = _text(data).lstrip("\ufeff \t\r\n")
    start = text[:1000].lower()
    if re.search(r"^#EXT-X-", text, re.MULTILINE):
        return None
    if start.startswith("[playlist]"):
        return _numbered("file", text)
    if start.startswith("[reference]"):
        return _numbered("ref", text)
    if re.match(r"(<\?xml|<!--|<playlist|<asx|<\w+:playlist)", start):
        return _of_xml(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL))
    path = re.split(r"[?#]", name, maxsplit=1)[0].lower() if "://" in name else name.lower()
    named_m3u = path.endswith((".m3u", ".m3u8")) or media_type.lower() in _M3U_TYPES
    if start.startswith("#extm3u") or (named_m3u and "\0" not in text and not start.startswith("<")):
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")][:_MOST_ENTRIES]
    return None


def on_network(entry: str, base: str) -> str | None:
    """The URL of an entry of a playlist that came from `base`; None where it leads to anything but the network.

    >>> on_network("b.mp3", "http://radio.example/a/list.m3u"), on_network("file:///etc/passwd", "http://radio.example/")
    ('http://radio.example/a/b.mp3', None)
    """
    try:
        url = urljoin(base, quote(entry, safe=string.punctuation))
    except ValueError:
        return None
    return url if _NETWORK.match(url) else None


def is_page(data: bytes, media_type: str) -> bool:
    """Whether it is a web page."""
    start = _text(data[:1000]).lstrip("\ufeff \t\r\n").lower()
    return media_type.lower() in ("text/html", "application/xhtml+xml") or start.startswith(("<!doctype html", "<html"))


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _numbered(key: str, text: str) -> list[str]:
    found = re.findall(rf"^[ \t]*{key}([0-9]{{1,9}})[ \t]*=[ \t]*(.*\S)", text, re.IGNORECASE | re.MULTILINE)
    return [entry for _, entry in sorted(found, key=lambda pair: int(pair[0]))][:_MOST_ENTRIES]


def _of_xml(text: str) -> list[str] | None:
    """By pattern: ASX is seldom well-formed, and a parser would follow what an XML document can be made to do."""
    if re.search(r"<asx\b", text, re.IGNORECASE):
        found = re.findall(r"<(?:ref|entryref)\b[^>]*?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", text, re.IGNORECASE)
        entries = [double or single for double, single in found]
    elif re.search(r"<(\w+:)?playlist\b", text):
        tracks = re.findall(r"<(?:\w+:)?track\b.*?</(?:\w+:)?track>", text, re.DOTALL)
        # Several locations of a track are the same sound in several places: the first will do.
        places = [re.search(r"<(?:\w+:)?location>(.*?)</", track, re.DOTALL) for track in tracks]
        entries = [re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", place[1], flags=re.DOTALL) for place in places if place]
    else:
        return None
    stripped = (html.unescape(entry).strip() for entry in entries)
    return [entry for entry in stripped if entry][:_MOST_ENTRIES]
