import subprocess
from pathlib import Path

import pytest
import soundfile

from edge.inference import shipped_model
from sed.errors import DataError
from sed.evaluation import find_recordings
from tests.conftest import DEMO, command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The demo recording with its truth, and 5 s of silence without."""
    (tmp_path / "demo.ogg").write_bytes(DEMO.read_bytes())
    (tmp_path / "demo.tsv").write_bytes(DEMO.with_suffix(".tsv").read_bytes())
    soundfile.write(tmp_path / "quiet.wav", [0.0] * 80_000, 16_000)
    return tmp_path


def test_recordings_are_found_with_their_truth(folder: Path) -> None:
    """One without a .tsv holds no event."""
    assert [("demo.ogg", 13), ("quiet.wav", 0)] == [(r.path.name, len(r.truth)) for r in find_recordings(folder)]


def test_a_wrong_truth_is_explained(folder: Path) -> None:
    """The error names the file."""
    (folder / "demo.tsv").write_text("onset\toffset\tevent_label\nsoon\t2\tdog\n")
    with pytest.raises(DataError, match=r"demo\.tsv: onset and offset must be seconds"):
        find_recordings(folder)


def test_the_shipped_model_is_measured(folder: Path) -> None:
    """A table by label, and false alarms where there is nothing."""
    done = subprocess.run(
        [command("sed-eval"), shipped_model(), "--data", folder], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert 13 == len(lines)
    assert "macro average" in lines[-2]
    assert "0 events an hour where there are none" == lines[-1]
