"""Files and what is in them, before anything is decoded."""

from pathlib import Path

import av

from edge.errors import SourceError

# Of files that are looked for in folders.
AUDIO_SUFFIXES = {
    ".wav",
    ".flac",
    ".ogg",
    ".oga",
    ".opus",
    ".mp3",
    ".m4a",
    ".mp4",
    ".aac",
    ".aif",
    ".aiff",
    ".caf",
    ".webm",
    ".wma",
}


def is_known(stream: av.AudioStream) -> bool:
    """Whether there is a decoder for it; it has neither rate nor channels if not."""
    return stream.codec_context is not None


def check_path(path: Path) -> None:
    """Raise SourceError where there is no file that could hold sound."""
    if path.is_dir():
        raise SourceError(f"{path}: is a folder; give one audio file")
    if not path.exists():
        raise SourceError(f"{path}: no such file; give the path of an audio file, or - for stdin")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path}: is empty; give a file with sound in it")
