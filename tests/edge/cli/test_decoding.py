import json

import pytest

from edge.cli.decoding import chosen_decoding
from edge.cli.info import info
from edge.cli.settings import Origin, Threshold
from edge.cli.stream import stream
from edge.model.inference import Model
from edge.model.library import shipped_models
from tests.conftest import DEMO, invoke


def test_groups_stand_for_their_labels() -> None:
    """`--labels` takes a group, a label that the log leaves out unless it is asked for, and refuses what is neither."""
    done = invoke(stream, DEMO, "--model", "general", "--labels", "music,animal")
    assert 0 == done.exit_code, done.output
    records = [json.loads(line) for line in done.stdout.splitlines()]
    start = next(record for record in records if record["type"] == "start")
    groups = Model(shipped_models()["general"], "cpu").card.groups
    assert {*groups["music"], *groups["animal"]} == set(start["labels"])
    assert {"dog", "animal"} <= {record["label"] for record in records if record["type"] == "event"}
    done = invoke(stream, DEMO, "--model", "general", "--labels", "animals")
    assert 2 == done.exit_code
    assert "knows no label or group 'animals'; did you mean 'animal'?" in done.stderr


@pytest.mark.parametrize("backwards", [False, True])
def test_a_label_wins_over_its_group(backwards: bool) -> None:
    """The threshold of a group is that of all its labels but those with one of their own, in either order."""
    card = Model(shipped_models()["general"], "cpu").card
    thresholds = [Threshold("animal", 0.5, Origin("flag", "x")), Threshold("dog", 0.2, Origin("flag", "x"))]
    chosen = chosen_decoding(card, thresholds[::-1] if backwards else thresholds)
    assert (0.2, 0.5, 0.5) == tuple(chosen[label].on for label in ("dog", "cat", "bird"))
    assert card.decoding["speech"] == chosen["speech"]


def test_the_shipped_models_are_listed() -> None:
    """With sizes, labels and licences."""
    done = invoke(info, "--list")
    assert 0 == done.exit_code
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert ["esc10", "general", "name"] == sorted(lines)
    assert "521" in lines["general"]
    assert "Apache-2.0" in lines["general"]
