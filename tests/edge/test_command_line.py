import subprocess
import sys

import pytest

INSTALLED_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
from {module} import {function}
{function}({arguments!r}, prog_name={name!r})
"""


@pytest.mark.parametrize(
    ("module", "function", "arguments", "missing", "message"),
    [
        ("sed.commands", "train", ["a.toml", "--data", "a", "--out", "b"], ["torch"], "sed-edge[train]"),
        ("sed.commands", "evaluation", ["a.onnx", "--data", "a"], ["sed_scores_eval"], "sed-edge[train]"),
        ("export.commands", "export", ["a.ckpt", "a.onnx"], ["onnx"], "sed-edge[export]"),
        ("edge.commands", "stream", ["a.wav"], ["onnxruntime"], "sed-edge[cpu]"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    module: str, function: str, arguments: list[str], missing: list[str], message: str
) -> None:
    """One line, and exit code 1."""
    script = INSTALLED_WITHOUT.format(
        missing=missing, module=module, function=function, arguments=arguments, name=function
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert message in done.stderr
