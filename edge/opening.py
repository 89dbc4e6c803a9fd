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

from edge.audio import Pcm
from edge.errors import SettingError
from edge.sources import FileSource, Limited, Source
from edge.urls import redacted


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
        from edge.microphone import Microphone

        return Microphone(text[4:] or None, name=name)
    if _is_stream(text):
        from edge.streaming import UrlSource

        return UrlSource(text, name=name, options=options, once=once)
    return FileSource(text, name=name, realtime=realtime, pcm=pcm if text == "-" else None)


def open_sources(
    texts: Sequence[str],
    named: Sequence[str] = (),
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
        once: end where a stream ends, and do not connect to it again.
        realtime: play files at their own pace.
        seconds: to hear of each; all of it if None.
        pcm: what comes on stdin, as FORMAT:HZ:CHANNELS, if that is bare samples.

    Raises:
        SettingError: if they do not fit together.
    """
    wanted = [(None, text) for text in texts] + [_split_name(text) for text in named]
    heard = [text for _, text in wanted]
    if not wanted:
        raise SettingError("there is nothing to hear; give a file, - for stdin, mic, or the URL of a stream")
    if heard.count("-") > 1:
        raise SettingError("stdin (-) can be heard only once; give it once")
    if pcm is not None and "-" not in heard:
        raise SettingError("--pcm says what comes on stdin, but no source is stdin; give - as a source")
    if seconds is not None and not 0 < seconds < math.inf:
        raise SettingError(f"--duration {seconds:g}: expected more than 0 seconds")
    samples = None if pcm is None else _pcm(pcm)
    sources = [open_source(text, name=name, realtime=realtime, pcm=samples, once=once) for name, text in wanted]
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


def _is_stream(text: str) -> bool:
    return "://" in text or text.lower().endswith(".sdp")


def _split_name(text: str) -> tuple[str | None, str]:
    name, _, source = text.partition("=")
    if not name or not source:
        raise SettingError(f"--name {text}: expected NAME=SOURCE, such as porch=mic")
    return name, source


def _pcm(text: str) -> Pcm:
    try:
        return Pcm.parse(text)
    except ValueError as exc:
        raise SettingError(f"--pcm {text}: {exc}") from exc
