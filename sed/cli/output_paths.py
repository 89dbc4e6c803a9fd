"""Checks of output paths, before the work: so that no file is overwritten and no result is lost."""

import tempfile
from pathlib import Path

from edge.errors import SettingError


def require_run_folder(out: Path, finished: Path, resume: bool) -> None:
    """Check that the folder can be written to, and has a run exactly if one is to be resumed.

    Args:
        out: folder of the run.
        finished: the file that a finished run leaves there.
        resume: whether the run is to be resumed.

    Raises:
        SettingError: if a check fails, as for all functions here.
    """
    from sed.training import RESUME_NAME

    if out.exists() and not out.is_dir():
        raise SettingError(f"{out}: is a file; give a folder to --out")
    has_run = finished.exists() or (out / RESUME_NAME).exists()
    if resume and not has_run:
        raise SettingError(f"{out}: has no {RESUME_NAME} to resume from; leave --resume out to start a new run")
    if not resume and has_run:
        raise SettingError(f"{out}: already has a run; give --resume to continue it, or another --out")
    require_writable(out)


def require_writable(folder: Path) -> None:
    """Check that the folder, or its nearest existing parent, can be written to; no file is left."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as exc:
        raise SettingError(
            f"{folder}: {existing} cannot be written to ({exc.strerror}); choose another folder"
        ) from exc


def require_empty_folder(folder: Path, force: bool) -> None:
    """Check that the folder is new or empty, or that `force` allows to write into it."""
    if folder.exists() and not folder.is_dir():
        raise SettingError(f"{folder}: is a file; give a folder")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise SettingError(f"{folder}: is not an empty folder; choose another")


def require_new_file(path: Path, force: bool) -> None:
    """Check that the file's folder exists, and that the file is new unless `force` allows to overwrite it."""
    if not path.parent.is_dir():
        raise SettingError(f"{path}: there is no folder {path.parent}; create it, or choose another path")
    if path.is_dir():
        raise SettingError(f"{path}: is a folder; give the name of a file")
    if path.exists() and not force:
        raise SettingError(f"{path}: exists; give --force to overwrite it, or another name")
