import subprocess
import sys

from tests.conftest import ROOT


def run_benchmark(*arguments: str) -> str:
    """Run one as a user does, from the repository's root."""
    done = benchmark(*arguments)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same, however it ends."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
