import re
import subprocess

from edge.cli.info import describe
from edge.detection.decoder import Decoder
from edge.detection.event_stream import EventStream
from edge.model.card import Card
from edge.model.inference import Model
from edge.model.library import shipped_model
from edge.model.score_stream import window_of
from edge.sources.audio import read_audio
from edge.sources.source import Block
from tests.conftest import DEMO, command


def test_info_prints_the_card() -> None:
    """As a table for people, and as it is for programs; of the shipped model unless another is named."""
    table = subprocess.run([command("sed-info")], capture_output=True, check=True, text=True).stdout
    assert "16000 Hz" in table
    assert "new ones at most 136 an hour (9 times of 10)" in table
    rooster = Model(shipped_model()).card.decoding["rooster"]
    assert ["rooster", f"{rooster.on:.2f}", f"{rooster.off:.2f}"] == next(
        line for line in table.splitlines() if line.startswith("rooster")
    ).split()[:3]
    printed = subprocess.run(
        [command("sed-info"), "--json", shipped_model()], capture_output=True, check=True, text=True
    )
    assert Model(shipped_model()).card == Card.from_json(printed.stdout, "stdout")


def test_latency_in_the_card_is_kept(model: Model) -> None:
    """An event's line comes no later after its end than the card says."""
    card = model.card
    event_stream = EventStream(model, window_of(card), Decoder(card.labels, card.decoding))
    promised = re.search(r"within ([0-9.]+) s of its end", describe(card))
    assert promised is not None
    audio = read_audio(DEMO, 16_000)
    for start in range(0, len(audio) - 16_000, 1600):
        for event in event_stream.push(Block(audio[start : start + 1600, None], 16_000)):
            assert (start + 1600) / 16_000 - event.offset_frame * card.frame_seconds <= float(promised[1]) + 0.1
