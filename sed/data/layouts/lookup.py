"""Finds the audio files that tables name."""

from collections import defaultdict
from pathlib import Path

from sed.data.labels import audio_in, normalise_name
from sed.errors import DataError


class Lookup:
    """Finds the files that tables name.

    They are in the folder, in its audio/, in the folder of audio/ that the table's path gives (audio/train/weak/ for
    metadata/train/weak.tsv), or anywhere in the folder under a name that is unique.

    Args:
        folder: of the data.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in audio_in(folder, "**/*"):
            self._by_name[normalise_name(path.name)].append(path)

    def find(self, name: str, table: Path) -> Path:
        """The path of a file, or the path where it was expected if it is missing.

        Raises:
            DataError: if the name fits several files.
        """
        audio, table_parts = self._folder / "audio", table.relative_to(self._folder).with_suffix("").parts[1:]
        for path in (self._folder / name, audio / name, audio.joinpath(*table_parts, name)):
            if path.is_file():
                return path
        return self.inside(name, table) or self._folder / name

    def inside(self, name: str, table: Path) -> Path | None:
        """The path in the folder that the end of a name fits, or None; both kinds of slashes part folders.

        Raises:
            DataError: if the name fits several files.
        """
        parts = name_parts(name)
        found = self._by_name.get(parts[-1], []) if parts else []
        for kept in range(2, min(len(parts), 99) + 1):
            closer = [path for path in found if list(map(normalise_name, path.parts[-kept:])) == parts[-kept:]]
            found = closer or found
        if len(found) > 1:
            raise DataError(f"{table}: {name} may be {found[0]} or {found[1]}; name it by its path in {self._folder}")
        return found[0] if found else None


def name_parts(name: str) -> list[str]:
    """The folders and the name of a file, whatever system wrote them."""
    return [normalise_name(part) for part in name.replace("\\", "/").split("/") if part]
