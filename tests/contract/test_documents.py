import contextlib
import io
import re

import pytest

from tests.conftest import ROOT

DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file of this repository, and every file named by its path."""
    document = ROOT / name
    text = document.read_text()
    linked = [document.parent / target for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    named = [ROOT / path for path in re.findall(r"`((?:edge|sed|export|tests|recipes|demo|docs)/[\w/.]+)`", text)]
    assert [] == [str(path) for path in (*linked, *named) if not path.exists()]
    assert linked or named


def test_the_frontend_example_prints_what_it_says() -> None:
    """In docs/method.md, run as it stands."""
    code, printed = re.findall(r"```(?:python)?\n(.*?)```\n", (ROOT / "docs" / "method.md").read_text(), re.DOTALL)[:2]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    assert printed == out.getvalue()
