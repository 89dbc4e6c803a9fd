"""Where commands may write: looked at before the work, so that nothing is lost by it or in vain."""

import tempfile
from pathlib import Path

from edge.errors import SettingError


def require_run(out: Path, finished: Path, resume: bool) -> None:
    """The folder can be written, holds a run if one is to go on, and none if one is to begin.

    Args:
        out: folder of the run.
        finished: what a run that has ended leaves there.
        resume: whether one is to go on.

    Raises:
        SettingError: if not, as for all of these.
    """
    from sed.training import RESUME_NAME

    if out.exists() and not out.is_dir():
        raise SettingError(f"{out}: is a file; give a folder to --out")
    holds_run = finished.exists() or (out / RESUME_NAME).exists()
    if resume and not holds_run:
        raise SettingError(f"{out}: holds no {RESUME_NAME} to go on from; leave --resume out to start anew")
    if not resume and holds_run:
        raise SettingError(f"{out}: already holds a run; give --resume to go on with it, or another --out")
    require_writable(out)


def require_writable(folder: Path) -> None:
    """What is there of the folder's path takes files; none is left."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as exc:
        raise SettingError(f"{folder}: {there} cannot be written to ({exc.strerror}); choose another place") from exc


def require_folder(folder: Path, force: bool) -> None:
    """It is new or empty, or a folder that may be written into by `force`."""
    if folder.exists() and not folder.is_dir():
        raise SettingError(f"{folder}: is a file; give a folder")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise SettingError(f"{folder}: is not an empty folder; choose another")


def require_free(path: Path, force: bool) -> None:
    """The file can be written, and nothing is lost by it unless by `force`."""
    if not path.parent.is_dir():
        raise SettingError(f"{path}: there is no folder {path.parent}; make it, or choose another place")
    if path.is_dir():
        raise SettingError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not force:
        raise SettingError(f"{path}: exists; give --force to write over it, or another name")
