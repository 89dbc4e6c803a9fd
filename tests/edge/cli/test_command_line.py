import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from tests.conftest import DEMO, ROOT
from tests.edge.live.commands import RUNTIME_COMMANDS

RECIPE = str(ROOT / "recipes" / "quick.toml")
INSTALLED_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys({missing!r}))
from {module} import {function}
{function}({arguments!r}, prog_name={name!r})
"""


@pytest.mark.parametrize(
    ("module", "function", "arguments", "missing", "message"),
    [
        ("sed.cli.train", "train", [RECIPE, "--data", "a", "--out", "b"], ["torch"], "sed-edge[train]"),
        ("sed.cli.evaluate", "evaluate", ["a.onnx", "--data", "a"], ["sed_scores_eval"], "sed-edge[train]"),
        ("export.cli.export", "export", ["a.ckpt", "a.onnx"], ["onnx"], "sed-edge[export]"),
        ("edge.cli.stream", "stream", ["a.wav"], ["onnxruntime"], "sed-edge[cpu]"),
        ("edge.cli.stream", "stream", [str(DEMO), "--mqtt", "mqtt://home"], ["paho"], "sed-edge[mqtt]"),
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


OPTIONS = [
    pytest.param(option, id=f"{name} {max(option.opts, key=len)}")
    for name, command in RUNTIME_COMMANDS.items()
    for option in command.params
    if isinstance(option, click.Option) and max(option.opts, key=len) not in ("--help", "--version")
]
UNITS = {"S": "econds", "N": "", "P": "core"}  # of numbers, by their letter, and how the help spells them out


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_tells_its_default(option: click.Option) -> None:
    """In its help, whether click writes it or we do."""
    _, text = option.get_help_record(click.Context(click.Command("any"))) or ("", "")
    assert "[default: " in text, text


@pytest.mark.parametrize("option", OPTIONS)
def test_every_number_tells_its_unit(option: click.Option) -> None:
    """By a letter that stands for it, or in words."""
    if not isinstance(option.type, (click.types.FloatParamType, click.types.IntParamType)):
        return
    assert option.metavar in UNITS, f"metavar {option.metavar}: one of {list(UNITS)}"
    assert UNITS[option.metavar] in (option.help or "")


@pytest.mark.parametrize(
    ("arguments", "flag"),
    [
        ("--hop fast", "--hop"),
        ("--hop 0.13", "--hop"),
        ("--hop 0", "--hop"),
        ("--hop nan", "--hop"),
        ("--hop inf", "--hop"),
        ("--hop 1e300", "--hop"),
        ("--window 0.5", "--window"),
        ("--window -1", "--window"),
        ("--labels rooser", "--labels"),
        ("--labels ,", "--labels"),
        ("--threshold cat=0.5", "--threshold"),
        ("--threshold dog=7", "--threshold"),
        ("--threshold dog=nan", "--threshold"),
        ("--threshold =0.5", "--threshold"),
        ("--threshold dog", "--threshold"),
        ("--provider gpu", "--provider"),
        ("--threads 0", "--threads"),
        ("--threads many", "--threads"),
        ("--started-at yesterday", "--started-at"),
        ("--format xml", "--format"),
        ("--duration 0", "--duration"),
        ("--duration nan", "--duration"),
        ("--duration inf", "--duration"),
        ("--stats-every inf", "--stats-every"),
        ("--stats-every -1", "--stats-every"),
        ("--stats-every nan", "--stats-every"),
        ("--pcm s16le:48000:1", "--pcm"),
        ("--name porch", "--name"),
        ("--name porch=a.wav --name porch=b.wav", "--name"),
        ("--config missing.toml", "--config"),
        ("--hopp 1", "--hop"),
    ],
)
def test_a_wrong_option_is_told_by_its_flag(arguments: str, flag: str) -> None:
    """Exit code 2, nothing on stdout, no traceback."""
    done = CliRunner().invoke(RUNTIME_COMMANDS["stream"], [str(DEMO), *arguments.split()])
    assert (2, "") == (done.exit_code, done.stdout), done.output
    assert flag in done.stderr.splitlines()[-1]
    assert isinstance(done.exception, SystemExit)
