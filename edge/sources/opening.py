"""What a user calls a source, as a source.

mic, mic:NAME        the microphone, or the one with NAME in its name or as its number
-                    stdin
http://, rtsp://...  a stream
*.m3u, *.pls, ...    a playlist; its entries are heard one after another
*.sdp                an RTP stream that the file describes
a folder             the audio files below it, one after another, in order of time
else                 an audio file
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from edge.errors import SettingError
from edge.sources.audio import Pcm
from edge.sources.pipe import LivePipe
from edge.sources.recorders import Start, Zone, recordings_in, start_times
from edge.sources.source import FileSource, InTurn, Limited, Source
from edge.sources.url import PlaylistFile, is_playlist_file, is_url, redacted


def open_source(
    text: str,
    *,
    name: str | None = None,
    realtime: bool = False,
    live: bool = False,
    pcm: Pcm | None = None,
    once: bool = False,
    options: Mapping[str, str] | None = None,
    led: frozenset[Path] = frozenset(),
    track: str = "default",
    hop_seconds: float = math.inf,
) -> Source:
    """The source that a user calls so; it is opened when it is read.

    Args:
        text: what the user wrote.
        name: as the log names it; `text` unless given, without a stream's password.
        realtime: play a file at its own pace.
        live: what comes on stdin is heard as it is made.
        pcm: what comes on stdin, if that is bare samples.
        once: end where a stream ends, and do not connect to it again.
        options: FFmpeg's, for a stream.
        led: the playlists on this machine that led here.
        track: of a file, a stream or a container on stdin; see `edge.sources.audio.choose_track`.
        hop_seconds: in which the sound is used, if known.

    Raises:
        SedError: if it cannot be what it claims to be.
    """
    name = _legible(redacted(text) if name is None else name)
    if _is_microphone(text):
        from edge.sources.microphone import Microphone

        return Microphone(text[4:] or None, name=name)
    if is_url(text):
        from edge.sources.url import UrlSource

        return UrlSource(text, name=name, options=options, once=once, track=track)
    if is_playlist_file(text):

        def opened(entry: str, led: frozenset[Path]) -> Source:
            return open_source(
                entry,
                name=name,
                realtime=realtime,
                once=once,
                options=options,
                track=track,
                led=led,
                hop_seconds=hop_seconds,
            )

        return PlaylistFile(text, name=name, opened=opened, led=led)
    if text == "-" and (live or realtime):
        return LivePipe(name=name, pcm=pcm, track=track, paced=not live)
    samples = pcm if text == "-" else None
    return FileSource(text, name=name, realtime=realtime, pcm=samples, track=track, hop_seconds=hop_seconds)


def open_sources(
    texts: Sequence[str],
    named: Sequence[str] = (),
    options: Sequence[str] = (),
    *,
    once: bool = False,
    realtime: bool = False,
    live: bool = False,
    seconds: float | None = None,
    pcm: str | None = None,
    zone: Zone | None = None,
    track: str = "default",
    hop_seconds: float = math.inf,
) -> list[Source | InTurn]:
    """All sources of one command; the files of a folder are heard in turn.

    Args:
        texts: each a source.
        named: each NAME=SOURCE.
        options: of FFmpeg's for every stream, each KEY=VALUE.
        once: end where a stream ends, and do not connect to it again.
        realtime: play files at their own pace.
        live: what comes on stdin is heard as it is made.
        seconds: to hear of each; all of it if None.
        pcm: what comes on stdin, as FORMAT:HZ:CHANNELS, if that is bare samples.
        track: of files that have several; see `open_source`.
        zone: of the times by which the files of a folder are put in order; UTC if None.
        hop_seconds: in which the sound is used, if known.

    Raises:
        SettingError: if they do not fit together.
        SourceError: if a folder holds no audio file.
    """
    wanted: list[tuple[str | None, str]] = [(None, text) for text in texts]
    wanted += [_split("--name", text, "NAME=SOURCE, such as porch=mic") for text in named]
    heard = [text for _, text in wanted]
    _check(heard, options, seconds=seconds, pcm=pcm, live=live, track=track)
    for_streams = dict(_split("--option", text, "KEY=VALUE, such as ca_file=camera.pem") for text in options)
    samples = None if pcm is None else _pcm(pcm)

    def opened(name: str | None, text: str) -> Source:
        source = open_source(
            text,
            name=name,
            realtime=realtime,
            live=live,
            pcm=samples,
            once=once,
            options=for_streams,
            track=track,
            hop_seconds=hop_seconds,
        )
        return source if seconds is None else Limited(source, seconds)

    sources: list[Source | InTurn] = []
    for name, text in wanted:
        if is_url(text) or not Path(text).is_dir():
            sources.append(opened(name, text))
            continue
        files = recordings_in(Path(text), Zone() if zone is None else zone)
        names = [str(Path(text if name is None else name, file.relative_to(text))) for file in files]
        sources.append(InTurn(tuple(opened(*each) for each in zip(names, map(str, files), strict=True))))
    twice, count = Counter(source.name for source in each_of(sources)).most_common(1)[0]
    if count > 1:
        raise SettingError(f"{count} sources are called {twice}; give them names of their own with --name NAME=SOURCE")
    return sources


def each_of(sources: Iterable[Source | InTurn]) -> list[Source]:
    """Every single source, those that are heard in turn too."""
    return [source for one in sources for source in (one.sources if isinstance(one, InTurn) else (one,))]


def starts_of(sources: Iterable[Source | InTurn], said: Sequence[str], zone: Zone) -> dict[str, Start]:
    """When the files among some sources began; see `edge.sources.recorders.start_times`.

    Raises:
        SettingError: if what was said does not fit the sources.
    """
    every = each_of(sources)
    files: dict[str, Path | None] = {}
    for source in every:
        whole = source.whole if isinstance(source, Limited) else source
        if not source.live:
            files[source.name] = whole.path if isinstance(whole, FileSource) else None
    return start_times(said, files, [source.name for source in every if source.live], zone)


def _check(
    heard: Sequence[str], options: Sequence[str], *, seconds: float | None, pcm: str | None, live: bool, track: str
) -> None:
    if not heard:
        raise SettingError("there is nothing to hear; give a file, - for stdin, mic, or the URL of a stream")
    if heard.count("-") > 1:
        raise SettingError("stdin (-) can be heard only once; give it once")
    if pcm is not None and "-" not in heard:
        raise SettingError("--pcm says what comes on stdin, but no source is stdin; give - as a source")
    if live and "-" not in heard:
        raise SettingError("--live says that the sound on stdin is live, but no source is stdin; give - as a source")
    if seconds is not None and not 0 < seconds < math.inf:
        raise SettingError(f"--duration {seconds:g}: expected more than 0 seconds")
    if track != "default" and all(_is_microphone(text) for text in heard):
        raise SettingError("--track chooses a sound track of files and streams, but no source is one; leave it out")
    if options and not any(is_url(text) or is_playlist_file(text) for text in heard):
        raise SettingError("--option is FFmpeg's for URLs, but no source is one; leave it out")


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
