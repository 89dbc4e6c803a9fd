import json
import subprocess

from tests.conftest import command


def stream(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    """Run sed-stream as a user does."""
    done = subprocess.run([command("sed-stream"), *map(str, arguments)], input=stdin, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def records(log: str) -> list[dict[str, object]]:
    """The records of a log of JSON Lines, but for stats, which tell of time spent."""
    return [record for record in map(json.loads, log.splitlines()) if record["type"] != "stats"]
