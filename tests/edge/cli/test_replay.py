import json
import subprocess
import sys
from pathlib import Path

from edge.log.records import Record
from tests.conftest import DEMO, command


def run(*arguments: str | Path) -> list[Record]:
    """The log that a command prints, less what depends on how busy the machine is."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    log: list[Record] = [json.loads(line) for line in done.stdout.splitlines()]
    return [{name: value for name, value in record.items() if name != "real_time_factor"} for record in log]


def test_sed_replay_gives_the_log_of_other_settings(tmp_path: Path) -> None:
    """Scores kept under the card's settings, decoded under others, by the commands that a user types."""
    others = ["--threshold", "dog=0.9", "--threshold", "rooster=0.05", "--labels", "dog,rooster,rain"]
    kept = run(command("sed-stream"), DEMO, "--scores", tmp_path / "a.npz")
    wanted = run(command("sed-stream"), DEMO, *others)
    replayed = [sys.executable, "-c", "from edge.cli.replay import replay; replay()", tmp_path / "a.npz"]
    assert kept != wanted
    assert kept == run(*replayed)
    assert wanted == run(*replayed, *others, "--out", tmp_path / "a.csv", "--out", tmp_path / "a.jsonl")
    events = [record for record in wanted if record["type"] == "event"]
    assert len(events) + 1 == len((tmp_path / "a.csv").read_text().splitlines())
    assert len(wanted) == len((tmp_path / "a.jsonl").read_text().splitlines())
