import contextlib
import dataclasses
import importlib
import io
import os
import re
import shutil
import subprocess
import tomllib
import typing
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from edge.cli.settings import read_config
from edge.cli.stream import stream
from edge.detection.events import Event, Onset
from edge.log import records
from edge.log.formats import CsvTable
from edge.log.timeline import Timeline
from edge.model.inference import Model
from edge.outputs.mqtt.settings import MqttSettings
from edge.outputs.notify.rules import Rule
from edge.session.stats import SourceStats
from edge.sources import Start
from sed.recipe.config import DecodingConfig, Recipe
from tests.conftest import ROOT
from tests.edge.live.commands import RUNTIME_COMMANDS

DOCUMENTS = ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """Every link to a file of this repository, and every file named by its path."""
    document = ROOT / name
    text = document.read_text()
    linked = [document.parent / target for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text)]
    folders = "edge|sed|export|benchmarks|tests|recipes|demo|docs"
    named = [ROOT / path for path in re.findall(rf"`((?:{folders})/[\w/.]+)`", text)]
    assert [] == [str(path) for path in (*linked, *named) if not path.exists()]
    assert linked or named


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_headings_that_there_are(name: str) -> None:
    """As GitHub makes anchors of headings."""
    document = ROOT / name
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", document.read_text()):
        text = (document.parent / target).read_text() if target else document.read_text()
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert anchor in anchors, (target, anchor)


def test_the_readme_is_for_who_has_just_arrived() -> None:
    """Short; the index of docs/ names the rest."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
    index = (ROOT / "docs" / "README.md").read_text()
    missing = [path.name for path in (ROOT / "docs").iterdir() if path.name not in index and path.name != "README.md"]
    assert [] == missing
    assert len(list((ROOT / "docs").iterdir())) <= 12


def test_the_frontend_example_prints_what_it_says() -> None:
    """In docs/method.md, run as it stands."""
    code, printed = re.findall(r"```(?:python)?\n(.*?)```\n", (ROOT / "docs" / "method.md").read_text(), re.DOTALL)[:2]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    assert printed == out.getvalue()


def section(document: str, heading: str) -> str:
    """The text under a heading, down to the next one of its kind."""
    text = (ROOT / document).read_text().partition(f"\n## {heading}\n")[2]
    assert text, f"{document} has no heading {heading!r}"
    return text.partition("\n## ")[0]


def test_the_guide_to_recipes_names_every_key_of_every_table_and_its_default() -> None:
    """A row or more of the table's own, and no key that there is not."""
    text = (ROOT / "docs" / "recipe.md").read_text()
    kinds = typing.get_type_hints(Recipe) | {"decoding": DecodingConfig}
    del kinds["encoder"]  # it has a file of its own
    tables = {name: kind for name, kind in kinds.items() if dataclasses.is_dataclass(kind)}
    for name, kind in tables.items():
        rows = re.search(rf"^\| `\[{name}\S*\]`.*\n\|--.*\n((?:\|.*\n)+)", text, re.MULTILINE)
        assert rows, f"no table for [{name}]"
        told: list[tuple[str, str]] = []
        for row in rows[1].splitlines():
            keys, defaults = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3])
            told += zip(keys, defaults, strict=True)
        assert sorted(field.name for field in dataclasses.fields(kind)) == sorted(key for key, _ in told)
        lines = "\n".join(f"{key} = {default}" for key, default in told)
        assert kind() == kind.from_dict(tomllib.loads(lines), name)
    others = {name for name in kinds if name not in tables}
    assert others <= set(re.findall(r"`(\w+)`", text))


def test_the_document_of_the_log_names_every_record_and_its_fields(model: Model) -> None:
    """As the code makes them."""
    timeline, stats = Timeline(model.card.sample_rate, datetime.now(UTC)), SourceStats()
    event = Event(label="dog", onset_frame=1, offset_frame=2, confidence=0.5, closed_by="silence")
    onset = Onset(label="dog", onset_frame=1)
    stats.add_lag(0.1)
    made = [
        records.start_record(model.card, ["dog"], timeline, Start(datetime.now(UTC), "name", "given")),
        records.onset_record(1, onset, model.card, timeline),
        records.event_record(1, event, model.card, timeline, 1600),
        records.gap_record(0, 1, "device", timeline),
        records.source_record("lost", "why"),
        records.stop_record("end"),
        stats.record(drift_ppm=1.0),
    ]
    names = {name for record in made for name in record} | set(CsvTable.columns)
    names |= {record["type"] for record in made} | set(CsvTable.types)
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "event-log.md").read_text()))
    assert set() == names - told


def test_the_readme_names_every_command_in_its_room() -> None:
    """In the map of folders."""
    rooms = section("README.md", "Folders")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    for name, place in scripts.items():
        room = place.partition(".")[0]
        assert re.search(rf"^{room}/ .*\b{name}\b", rooms, re.MULTILINE), (name, room)


def options_of(*names: str) -> set[str]:
    """The long options of some of the runtime's commands."""
    found: list[click.Command] = [RUNTIME_COMMANDS[name] for name in names]
    return {opt for each in found for param in each.params for opt in param.opts if opt.startswith("--")}


def commands_shown_in(document: str) -> list[str]:
    """Command lines of ours in its blocks of code, continued lines joined, without comments."""
    blocks = "\n".join(re.findall(r"^```\w*\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL))
    lines = re.sub(r"\\\n\s*", "", blocks).splitlines()
    found = [re.match(r"(?:\$ )?((?:sed-[a-z]+|python -m benchmarks)(?: .*|$))", line) for line in lines]
    return [re.split(r"\s#|[|;&>]", match[1])[0] for match in found if match]


def options_of_all(command: click.Command) -> set[str]:
    """Long options of a command and of its subcommands."""
    of_subcommands = [options_of_all(each) for each in getattr(command, "commands", {}).values()]
    own = {opt for param in command.params for opt in (*param.opts, *param.secondary_opts) if opt.startswith("--")}
    return own.union({"--help"}, *of_subcommands)


def command_named(line: str) -> click.Command:
    """What a line starts; of a group the subcommand, where the line names one."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    name, _, rest = line.removeprefix("python -m ").partition(" ")
    module, _, attribute = {"benchmarks": "benchmarks.__main__:benchmarks"}.get(name, scripts.get(name, "")).partition(
        ":"
    )
    assert module, f"no such command: {line}"
    command: click.Command = getattr(importlib.import_module(module), attribute)
    subcommands: dict[str, click.Command] = getattr(command, "commands", {})
    return subcommands.get(rest.partition(" ")[0], command)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_command_lines_shown_have_options_that_there_are(name: str) -> None:
    """Each of them, in README and docs."""
    for line in commands_shown_in(name):
        named = set(re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", line))
        assert set() == named - options_of_all(command_named(line)), line


def test_the_documents_show_commands_to_check() -> None:
    """So that the test above looks at something."""
    shown = {line.split()[0] for name in DOCUMENTS for line in commands_shown_in(name)}
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert {"sed-stream", "sed-train", "sed-export", "sed-bench", "python"} <= shown <= {*scripts, "python"}


def test_the_guide_to_the_runtime_names_every_option_and_no_other() -> None:
    """Those of sed-stream, at least."""
    text = (ROOT / "docs" / "stream.md").read_text()
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert set() == options_of("stream") - named
    of_others = {"--user", "--kill-whom", "--signal"}  # of systemctl
    of_others |= {"--quiet", "--right", "--aim"}  # of sed-tune, with what sed-stream --scores kept
    assert set() == named - options_of("stream", "replay", "notify", "doctor", "info") - of_others - {"--help"}


def test_the_whole_example_is_right(tmp_path: Path) -> None:
    """The settings of docs/operations.md are read, whatever outputs they turn on."""
    (example,) = re.findall(r"```toml\n(.*?)```", section("docs/operations.md", "A whole example"), re.DOTALL)
    (tmp_path / "whole.toml").write_text(example)
    found = read_config(str(tmp_path / "whole.toml"), stream)
    assert {"outs", "clips", "clip_option", "health", "mqtt", "notify"} <= set(found)


@pytest.mark.parametrize(("heading", "known"), [("MQTT and Home Assistant", MqttSettings), ("Notifications", Rule)])
def test_the_guide_to_operations_lists_every_key_and_no_other(heading: str, known: type) -> None:
    """Of the settings of MQTT, and of a rule."""
    rows = re.findall(r"^\| (`[a-z][a-z`, -]*`) \| ", section("docs/operations.md", heading), re.MULTILINE)
    told = {key for row in rows for key in re.findall(r"`([a-z-]+)`", row)}
    of_url = {"host", "port", "tls", "user", "prefix", "availability"}
    names = {field.name.replace("_", "-") for field in dataclasses.fields(known)}
    assert {"password-file" if name == "password" else name for name in names} - of_url == told - of_url


@pytest.mark.parametrize("room", ["edge", "review", "sed"])
def test_the_design_names_every_folder_and_what_is_there(room: str) -> None:
    """Row by row of its table."""
    told = []
    for line in lines_of_the_folder_table():
        folder, _, contents = (cell.strip(" `") for cell in line.strip("|").split("|", 2))
        if not folder.startswith(f"{room}/"):
            continue
        told.append(folder)
        module = importlib.import_module(folder.rstrip("/").replace("/", "."))
        for name in re.findall(r"`(\w+)`", contents):
            assert hasattr(module, name), (folder, name)
    assert sorted(f"{room}/{path.parent.name}/" for path in (ROOT / room).glob("*/__init__.py")) == sorted(told)


def lines_of_the_folder_table() -> list[str]:
    """Without its head."""
    text = section("docs/design.md", "The rooms and their folders")
    return [line for line in text.splitlines() if line.startswith("|")][2:]


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Every line of it; its program is another one here, for systemd looks whether it is there."""
    if shutil.which("systemd-analyze") is None:
        message = "needs systemd-analyze: apt install systemd"
        if "SED_EDGE_NOTHING_MISSING" in os.environ:
            pytest.fail(message)
        pytest.skip(message)
    unit = (ROOT / "docs" / "examples" / "sed-stream.service").read_text()
    (tmp_path / "sed-stream.service").write_text(unit.replace("/opt/sed-edge/bin/sed-stream", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "sed-stream.service"], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stdout + done.stderr)
