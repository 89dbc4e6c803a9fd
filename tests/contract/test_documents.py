import re

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "docs/design.md", "docs/graph.md", "docs/benchmarks.md"]
)
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file of this repository, and every file named by its path."""
    document = ROOT / name
    text = document.read_text()
    linked = [document.parent / target for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    named = [ROOT / path for path in re.findall(r"`((?:edge|sed|export|tests|recipes|demo|docs)/[\w/.]+)`", text)]
    assert [] == [str(path) for path in (*linked, *named) if not path.exists()]
    assert linked or named
