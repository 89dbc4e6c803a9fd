"""An archive: which files there are, when each began, and how they are read, on disks and in object storage.

files       the files that users name: folders, globs, single files, manifests
manifests   tables of files
starts      when the sound of a file began
storage     folders and files by fsspec
"""

from scan.archive.files import ArchiveFile, archive_files
from scan.archive.starts import HOW, start_of
from scan.archive.storage import Folder, filesystem, is_remote, local_copy, opened_file

__all__ = [
    "HOW",
    "ArchiveFile",
    "Folder",
    "archive_files",
    "filesystem",
    "is_remote",
    "local_copy",
    "opened_file",
    "start_of",
]
