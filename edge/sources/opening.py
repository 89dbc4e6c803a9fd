"""What a user calls a source, as a source.

mic, mic:NAME        the microphone, or the one with NAME in its name or as its number
-                    stdin
http://, rtsp://...  a stream
*.sdp                an RTP stream that the file describes
else                 an audio file
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from edge.errors import SettingError
from edge.sources.audio import Pcm
from edge.sources.source import FileSource, Limited, Source
from edge.sources.url import is_url, redacted


def open_source(
    text: str,
    *,
    name: str | None = None,
    realtime: bool = False,
    pcm: Pcm | None = None,
    once: bool = False,
    options: Mapping[str, str] | None = None,
) -> Source:
    """The source that a user calls so; it is opened when it is read.

    Args:
        text: what the user wrote.
        name: as the log names it; `text` unless given, without a stream's password.
        realtime: play a file at its own pace.
        pcm: what comes on stdin, if that is bare samples.
        once: end where a stream ends, and do not connect to it again.
        options: FFmpeg's, for a stream.

    Raises:
        SedError: if it cannot be what it claims to be.
    """
    name = _legible(redacted(text) if name is None else name)
    if _is_microphone(text):
        from edge.sources.microphone import Microphone

        return Microphone(text[4:] or None, name=name)
    if is_url(text):
        from edge.sources.url import UrlSource

        return UrlSource(text, name=name, options=options, once=once)
    return FileSource(text, name=name, realtime=realtime, pcm=pcm if text == "-" else None)


def open_sources(
    texts: Sequence[str],
    named: Sequence[str] = (),
    options: Sequence[str] = (),
    *,
    once: bool = False,
    realtime: bool = False,
    seconds: float | None = None,
    pcm: str | None = None,
) -> list[Source]:
    """All sources of one command.

    Args:
        texts: each a source.
        named: each NAME=SOURCE.
        options: of FFmpeg's for every stream, each KEY=VALUE.
        once: end where a stream ends, and do not connect to it again.
        realtime: play files at their own pace.
        seconds: to hear of each; all of it if None.
        pcm: what comes on stdin, as FORMAT:HZ:CHANNELS, if that is bare samples.

    Raises:
        SettingError: if they do not fit together.
    """
    wanted: list[tuple[str | None, str]] = [(None, text) for text in texts]
    wanted += [_split("--name", text, "NAME=SOURCE, such as porch=mic") for text in named]
    heard = [text for _, text in wanted]
    if not wanted:
        raise SettingError("there is nothing to hear; give a file, - for stdin, mic, or the URL of a stream")
    if heard.count("-") > 1:
        raise SettingError("stdin (-) can be heard only once; give it once")
    if pcm is not None and "-" not in heard:
        raise SettingError("--pcm says what comes on stdin, but no source is stdin; give - as a source")
    if seconds is not None and not 0 < seconds < math.inf:
        raise SettingError(f"--duration {seconds:g}: expected more than 0 seconds")
    if options and not any(is_url(text) for text in heard):
        raise SettingError("--option is FFmpeg's for URLs, but no source is one; leave it out")
    for_streams = dict(_split("--option", text, "KEY=VALUE, such as ca_file=camera.pem") for text in options)
    samples = None if pcm is None else _pcm(pcm)
    sources = [
        open_source(text, name=name, realtime=realtime, pcm=samples, once=once, options=for_streams)
        for name, text in wanted
    ]
    name, count = Counter(source.name for source in sources).most_common(1)[0]
    if count > 1:
        raise SettingError(f"{count} sources are called {name}; give them names of their own with --name NAME=SOURCE")
    return sources if seconds is None else [Limited(source, seconds) for source in sources]


def _legible(name: str) -> str:
    r"""A name as text: those of files may be any bytes, for which Python has characters that cannot be written.

    >>> _legible("caf\udce9.wav")
    'caf?.wav'
    """
    return name.encode(errors="replace").decode()


def _is_microphone(text: str) -> bool:
    return text == "mic" or text.startswith("mic:")


def _split(flag: str, text: str, expected: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    if not key or not value:
        raise SettingError(f"{flag} {redacted(text)}: expected {expected}")
    return key, value


def _pcm(text: str) -> Pcm:
    try:
        return Pcm.parse(text)
    except ValueError as exc:
        raise SettingError(f"--pcm {text}: {exc}") from exc
