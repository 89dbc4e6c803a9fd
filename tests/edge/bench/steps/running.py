import pytest
from click.testing import CliRunner, Result

from edge.bench.cli import bench
from edge.bench.steps.sessions import why_absent

without_gpu = pytest.mark.skipif(why_absent("cuda") is None, reason="what is said of a missing GPU; here is one")


def sed_bench(*arguments: object) -> Result:
    """Run it as a user does, a few rounds only."""
    return CliRunner().invoke(bench, [*map(str, arguments), "--rounds", "3"])
