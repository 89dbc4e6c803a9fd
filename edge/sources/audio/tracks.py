"""Which of several sound tracks is used."""

import av
from av.container import InputContainer
from av.stream import Disposition

from edge.errors import SourceError


def is_known(stream: av.AudioStream) -> bool:
    """Whether there is a decoder for it; it has neither rate nor channels if not."""
    return stream.codec_context is not None


def choose_track(container: InputContainer, track: str = "default") -> av.AudioStream | None:
    """The sound track that is asked for; None where there is none that can be decoded.

    Args:
        container: opened.
        track: `default` for the one marked so, else the first; a number from 1; or a language such as `eng`.

    Raises:
        SourceError: if there is sound, but no such track.
    """
    tracks = list(container.streams.audio)
    if track == "default":
        known = [each for each in tracks if is_known(each)]
        return next((each for each in known if each.disposition & Disposition.default), known[0] if known else None)
    if track.isdecimal():
        chosen = tracks[int(track) - 1 : int(track)] if int(track) > 0 else []
    else:
        chosen = [each for each in tracks if each.metadata.get("language", "").lower() == track.lower()]
    if not chosen and tracks:
        raise SourceError(
            f"has no sound track {track}; expected --track default or one of {describe_tracks(container)}"
        )
    return chosen[0] if chosen and is_known(chosen[0]) else None


def describe_tracks(container: InputContainer) -> str:
    """Numbers of the sound tracks, with their languages where the file names them."""
    named = []
    for number, each in enumerate(container.streams.audio, 1):
        language = each.metadata.get("language")
        named.append(f"{number} ({language})" if language else str(number))
    return ", ".join(named)
