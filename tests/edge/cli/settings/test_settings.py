import json
import re
import tomllib
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from edge.cli.settings import KeyValueOption, SettingsCommand, read_config, settable
from edge.cli.stream import stream
from edge.errors import SettingError
from edge.model.inference import Model
from edge.model.library import shipped_model
from tests.conftest import DEMO, ROOT

EXAMPLE = ROOT / "docs" / "examples" / "sed-stream.toml"


def run(*arguments: object, config: Path | None = None, **environment: str) -> Result:
    """Run sed-stream with these arguments, this file and these variables."""
    given = [] if config is None else ["--config", str(config)]
    variables: dict[str, str | None] = {"SED_STREAM_PROVIDER": None, **environment}
    return CliRunner().invoke(stream, [*map(str, arguments), *given], env=variables)


def shown(*arguments: object, config: Path | None = None, **environment: str) -> dict[str, tuple[object, str]]:
    """Key -> value and where it came from, as `--show-config` prints them; those of tables as `TABLE.NAME`."""
    done = run("--show-config", *arguments, config=config, **environment)
    assert 0 == done.exit_code, done.stderr
    said = tomllib.loads(done.stdout)
    tables = {key: value for key, value in said.items() if isinstance(value, dict)}
    values = said | {f"{key}.{name}": value for key, table in tables.items() for name, value in table.items()}
    found, table = {}, ""
    for line in done.stdout.splitlines():
        table = line.strip("[]") + "." if line.startswith("[") else table
        key, _, rest = line.partition(" = ")
        if rest and table + key in values:
            found[table + key] = (values[table + key], rest.rpartition("# ")[2].partition(";")[0])
    return found


def written(folder: Path, text: str) -> Path:
    """A file of settings."""
    (folder / "porch.toml").write_text(text)
    return folder / "porch.toml"


def test_flags_win_over_environment_over_file_over_card(tmp_path: Path) -> None:
    """Each of four values comes from another place, and the listing says which."""
    file = written(tmp_path, "hop = 0.25\nwindow = 4\nthreads = 3\n")
    found = shown("--hop", 1, config=file, SED_STREAM_HOP="0.5", SED_STREAM_WINDOW="5")
    assert (1.0, "flag") == found["hop"]
    assert (5.0, "environment") == found["window"]
    assert (3, "file") == found["threads"]
    assert ("auto", "default") == found["provider"]
    assert (10.0, "model card") == shown()["window"]


def test_thresholds_win_label_by_label(tmp_path: Path) -> None:
    """A flag for one label leaves those of others in the file and the environment."""
    file = written(tmp_path, "[threshold]\ndog = 0.7\nrooster = 0.7\nrain = 0.75\n")
    found = shown("--threshold", "dog=0.9", config=file, SED_STREAM_THRESHOLD="dog=0.8,rooster=0.85")
    assert (0.9, "flag") == found["threshold.dog"]
    assert (0.85, "environment") == found["threshold.rooster"]
    assert (0.75, "file") == found["threshold.rain"]
    own = Model(shipped_model()).card.decoding["sneezing"].on
    assert (own, "model card") == found["threshold.sneezing"]


def test_what_is_shown_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    """Its values come back, now all of them from the file."""
    first = shown("a.wav", "--hop", 0.5, "--threshold", "dog=0.05", "--labels", "dog,rain", "--onsets")
    done = run("--show-config", "a.wav", "--hop", 0.5, "--threshold", "dog=0.05", "--labels", "dog,rain", "--onsets")
    again = shown(config=written(tmp_path, done.stdout))
    assert {key: value for key, (value, _) in first.items()} == {key: value for key, (value, _) in again.items()}
    assert {"file"} == {origin for _, origin in again.values()}


def test_sources_of_one_place_replace_those_of_a_weaker_one(tmp_path: Path) -> None:
    """With names or without."""
    file = written(tmp_path, 'source = ["a.wav"]\n[name]\nporch = "b.wav"\n')
    assert (["a.wav"], "file") == shown(config=file)["source"]
    assert ("b.wav", "file") == shown(config=file)["name.porch"]
    by_flag = shown("c.wav", config=file)
    assert (["c.wav"], "flag") == by_flag["source"]
    assert "name.porch" not in by_flag
    assert ([], "default") == shown("--name", "yard=d.wav", config=file)["source"]


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    """Neither of sources nor of options, nor in what is said of wrong values."""
    url = "rtsp://me:secret@porch/1"
    assert "secret" not in run("--show-config", url, "--option", "headers=Authorization: secret").output
    assert "mqtt://***@home" in run("--show-config", "--mqtt", "mqtt://me:secret@home").stdout
    file = written(tmp_path, f'source = "{url}"\n[name]\nporch = "{url}"\n')
    done = run("--show-config", config=file)
    assert "secret" not in done.stdout
    assert 2 == done.stdout.count("rtsp://***@porch/1")
    assert "secret" not in run(config=written(tmp_path, f'hop = "{url}"')).output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hopp = 0.5", "porch.toml: unknown key 'hopp'; did you mean 'hop'?"),
        ("[thresholds]\ndog = 0.5", "porch.toml: unknown key 'thresholds'; did you mean 'threshold'?"),
        ("config = 'other.toml'", "porch.toml: unknown key 'config'"),
        ("hop = 'fast'", "porch.toml: hop: is the text 'fast', expected a number"),
        ("hop = true", "porch.toml: hop: is true, expected a number"),
        ("threads = 1.5", "porch.toml: threads: is 1.5, expected a whole number"),
        ("threads = 0", "porch.toml: threads: 0 is not in the range"),
        ("provider = 'gpu'", "porch.toml: provider: 'gpu' is not one of 'auto', 'cpu', 'cuda'"),
        ("onsets = 1", "porch.toml: onsets: is 1, expected true or false"),
        ("labels = [1]", "porch.toml: labels: is 1, expected text in quotes or a list of it"),
        ("labels = ['rooser']", "porch.toml: labels: the model knows no label 'rooser'; did you mean 'rooster'?"),
        ("threshold = 0.5", "porch.toml: threshold: is 0.5, expected a table"),
        ("threshold.dog = 'high'", "porch.toml: threshold.dog: is the text 'high', expected a score such as 0.6"),
        ("threshold.dog = 1", "porch.toml: threshold dog=1: expected LABEL=P with P between 0 and 1"),
        ("threshold.dgo = 0.5", "porch.toml: threshold: the model knows no label 'dgo'; did you mean 'dog'?"),
        ("name = 'porch'", "porch.toml: name: is the text 'porch', expected a table"),
        ("hop = ", "porch.toml: is no TOML"),
        ("\0", "porch.toml: is no TOML"),
        ("a = " + "[" * 5000, "porch.toml: is no TOML"),
        ("hop = " + "9" * 5000, "porch.toml: is no TOML"),
        ("# " * 60_000, "porch.toml: is longer than 100000 bytes"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path: Path, text: str, message: str) -> None:
    """With the key, what came and what was expected."""
    done = run(DEMO, config=written(tmp_path, text))
    assert (2, 1) == (done.exit_code, len(done.stderr.splitlines())), done.stderr
    assert message in done.stderr


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing one, a folder, one that is not text."""
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for name, message in (("missing.toml", "No such file"), (".", "Is a directory"), ("binary.toml", "is no TOML")):
        done = run(DEMO, config=tmp_path / name)
        assert (2, True) == (done.exit_code, message in done.stderr), done.stderr


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SED_STREAM_HOPP", "1", "SED_STREAM_HOPP: no such setting in the environment; did you mean 'SED_STREAM_HOP'?"),
        ("SED_STREAM_HOP", "fast", "SED_STREAM_HOP: 'fast' is not a valid float"),
        ("SED_STREAM_LABELS", "cat", "SED_STREAM_LABELS: the model knows no label 'cat'"),
        ("SED_STREAM_THRESHOLD", "dog", "SED_STREAM_THRESHOLD dog: expected LABEL=P"),
        ("SED_STREAM_CONFIG", "/none.toml", "/none.toml: No such file"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, message: str) -> None:
    """One line, exit code 2."""
    done = run(DEMO, **{name: value})
    assert (2, 1) == (done.exit_code, len(done.stderr.splitlines())), done.stderr
    assert message in done.stderr


def test_the_example_is_right(tmp_path: Path) -> None:
    """All settings of sed-stream are in it, some of them as comments, and come out as they stand there."""
    whole = written(tmp_path, re.sub(r"^# ([a-z-]+ = )", r"\1", EXAMPLE.read_text(), flags=re.M))
    assert {param.name for param in settable(stream).values()} == set(read_config(str(whole), stream))
    found = shown(config=EXAMPLE)
    assert (0.5, "file") == found["hop"]
    assert (0.85, "file") == found["threshold.rooster"]
    assert ("rtsp://porch.local/audio", "file") == found["name.porch"]
    assert ["events.jsonl", "events.csv"] == found["out"][0]


def test_a_time_may_be_written_as_toml_does(tmp_path: Path) -> None:
    """Not only as text."""
    found = shown(config=written(tmp_path, "started-at = 2026-05-01T04:30:00+02:00\n"))
    assert ("2026-05-01T04:30:00+02:00", "file") == found["started-at"]


def test_no_bytes_break_the_reader_of_files(tmp_path: Path) -> None:
    """Pieces of right files, joined and damaged at random, are read or are errors that name the file."""
    rng = np.random.default_rng(0)
    pieces = [line.encode() + b"\n" for line in EXAMPLE.read_text().splitlines() if not line.startswith("#")]
    errors = []
    for _ in range(500):
        content = bytearray(b"".join(pieces[i] for i in rng.integers(0, len(pieces), rng.integers(1, 8))))
        for place in rng.integers(0, len(content), rng.integers(0, 4)):
            content[place] = rng.integers(0, 256)
        (tmp_path / "a.toml").write_bytes(content)
        try:
            read_config(str(tmp_path / "a.toml"), stream)
        except SettingError as exc:
            errors.append(str(exc))
    assert 50 < len(errors) < 500
    assert all(error.startswith(str(tmp_path / "a.toml")) for error in errors)


@click.command(cls=SettingsCommand, environment_prefix="TRIED")
@click.option("--clip-option", cls=KeyValueOption)
def tried(clip_option: dict[str, str], show_config: bool) -> None:  # noqa: ARG001  # every command of settings has it
    """Print a table of settings."""
    click.echo(json.dumps(clip_option))


def test_a_table_of_settings_wins_key_by_key(tmp_path: Path) -> None:
    """The file's values may be numbers, truth values and lists; a flag replaces one of them only."""
    file = written(tmp_path, '[clip-option]\npre = 1.5\npictures = true\nsave = ["dog", "rain"]\nquota = "5GB"\n')
    done = CliRunner().invoke(
        tried, ["--config", str(file), "--clip-option", "pre=3"], env={"TRIED_CLIP_OPTION": "pre=2 quota=1GB"}
    )
    assert {"pre": "3", "pictures": "true", "save": "dog,rain", "quota": "1GB"} == json.loads(done.stdout)
    done = CliRunner().invoke(tried, [], env={"TRIED_CLIP_OPTION": "quota"})
    assert "TRIED_CLIP_OPTION quota: expected KEY=VALUE" in done.stderr
