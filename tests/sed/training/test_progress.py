from pathlib import Path

import pytest

from sed.training.run import train_network
from tests.sed.training.runs import tiny_module


def test_the_bar_counts_the_steps_of_the_whole_run(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not those between two validations; it shows loss and time left on stderr, and a resumed run goes on with it."""
    train_network(tiny_module(clips, validate_every_steps=2), tmp_path, False)
    shown = capsys.readouterr()
    last = shown.err.replace("\r", "\n").splitlines()[-1]
    assert "training: 100%" in last and " 4/4 [" in last and "loss=" in last and "validation_frame_map=" in last
    assert "" == shown.out
