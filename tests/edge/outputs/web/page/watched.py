"""`sed-stream`, with a file that says what CPU time each of its threads used in the middle of the run.

python -m tests.edge.outputs.web.page.watched FILE.json ARGUMENT...
"""

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from edge.cli.stream import stream

BEGIN_SECONDS, SECONDS = 10.0, 36.0  # after the start; what is measured


def used() -> Counter[str]:
    """Seconds of each thread that Python knows, by its name."""
    return Counter(
        {
            thread.name: int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[0]) / 1e9
            for thread in threading.enumerate()
        }
    )


def watch(out: Path) -> None:
    time.sleep(BEGIN_SECONDS)
    before = used()
    time.sleep(SECONDS)
    out.write_text(json.dumps(used() - before))


if __name__ == "__main__":
    threading.Thread(target=watch, args=(Path(sys.argv.pop(1)),), daemon=True).start()
    stream()
