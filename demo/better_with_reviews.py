"""What reviews gain: listen to a recording, review 100 clips as a person would, adapt the model, measure on another.

    python demo/better_with_reviews.py MODEL.onnx --data ../shared/data/validation --work build/reviews
    python demo/better_with_reviews.py MODEL.onnx --events ESC10 --others DISTRACTORS --work build/places

With `--data`, the first half of each recording in the folder is reviewed, and the second halves measure. With
`--events` and `--others`, places are made of clips (`made_places.py`): the recording that measures has the same kinds
of other sounds as the reviewed one, never the same clips.

`sed-stream --clips` listens. The truth answers for a person who makes a mistake in 5 of 100 clips. `sed-adapt` makes a
model for each stage; true events that an event of their label overlaps, and false alarms, say what it is worth beside
the old model with all its thresholds moved alike until it finds as many.
"""

import argparse
import dataclasses
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from adapt.solving import logit, sigmoid
from edge.detection import Decoder
from edge.model import Card, ClassDecoding, Model
from edge.session import Stretch, hours_of, read_stretches
from edge.sources import read_audio
from review.store import OTHER, RIGHT, WRONG, Clip, ReviewFile, read_clips

STAGES = ("thresholds", "head")
MISTAKES = 0.05
SHIFTS = [step / 4 for step in range(36, -21, -1)]  # of all thresholds, on the scale of logits; falling
AUDIOSET = {  # what `--model general` calls the sounds of the recordings
    "clock_tick": "tick_tock",
    "crackling_fire": "crackle",
    "crying_baby": "baby_cry_infant_cry",
    "rooster": "crowing_cock_a_doodle_doo",
    "sea_waves": "waves_surf",
    "sneezing": "sneeze",
}
Truth = dict[str, list[tuple[float, float, str]]]


class Part(NamedTuple):
    """Recordings, and their true events by file."""

    paths: list[Path]
    truth: Truth


class Gain(NamedTuple):
    """What a new model finds, its false alarms, and those of the old one with thresholds at which it finds as many."""

    found: int
    alarms: int
    old_alarms: int

    @property
    def fewer(self) -> float:
        """The share of false alarms that is gone."""
        return 1.0 - self.alarms / max(1, self.old_alarms)


def say(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """See the module."""
    given = arguments()
    given.work.mkdir(parents=True)
    model = Model(Path(given.model), "cpu")
    if given.data is not None:
        parts = cut_in_halves(given.data, given.work, model.card)
        gains_of(given, model, parts[::-1] if given.later_first else parts, given.work, given.seed)
    else:
        measure_places(given, model)


def measure_places(given: argparse.Namespace, model: Model) -> None:
    """The gains of made places, and their mean."""
    from made_places import Sounds  # it needs what training needs

    sounds = Sounds(given.events, given.others, given.fold or (1, 2, 3, 4))
    gains: dict[str, list[Gain]] = {stage: [] for stage in STAGES}
    for seed in range(given.seed, given.seed + given.places):
        work = given.work / str(seed)
        work.mkdir()
        paths, events = sounds.place(seed, work)
        known = [[(on, off, name_of(label, model.card)) for on, off, label in one] for one in events]
        parts = [Part([path], {str(path): one}) for path, one in zip(paths, known, strict=True)]
        say(f"place {seed}")
        for stage, gain in gains_of(given, model, parts, work, seed).items():
            gains[stage].append(gain)
    for stage, found in gains.items():
        fewer = 100 * np.array([gain.fewer for gain in found])
        found_mean, alarms, old = np.mean(found, axis=0)
        say(f"{stage}: {found_mean:.1f} found, {alarms:.1f} false alarms, {old:.1f} of the old model (mean of a place)")
        say(f"{stage}: {fewer.mean():.0f} % fewer false alarms, standard deviation {fewer.std(ddof=1):.0f}")


def arguments() -> argparse.Namespace:
    """What was given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, help="x.ogg with its truth x.tsv; without one, no events")
    parser.add_argument("--events", type=Path, help="clips of events, as ESC-10, that places are made of")
    parser.add_argument("--others", type=Path, help="clips of other sounds, in kinds, that places are made of")
    parser.add_argument("--fold", type=int, action="append", help="of the events; all, unless given")
    parser.add_argument("--places", type=int, default=6)
    parser.add_argument("--work", type=Path, required=True, help="a new folder")
    parser.add_argument("--reviews", type=int, default=100)
    parser.add_argument("--near", type=float, default=0.3, help="least peak of near misses")
    parser.add_argument("--aim", default="recall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--later-first", action="store_true", help="review the second halves, measure on the first")
    given = parser.parse_args()
    if (given.data is None) == (given.events is None) or (given.events is None) != (given.others is None):
        parser.error("give --data, or --events and --others")
    return given


def gains_of(given: argparse.Namespace, model: Model, parts: Sequence[Part], work: Path, seed: int) -> dict[str, Gain]:
    """Review the first part, adapt the model, and measure on the second; by stage."""
    (heard, truth), (judging, judging_truth) = parts
    clips = work / "clips"
    labels = ",".join(sorted({label for part in parts for events in part.truth.values() for *_, label in events}))
    options = ["--clip-option", f"near={given.near}", "--clip-option", "near-per-hour=10000", "--labels", labels]
    run("sed-stream", *heard, "--model", given.model, "--clips", clips, *options, stdout=subprocess.DEVNULL)
    answer(clips, truth, given.reviews, random.Random(seed))
    before = read_stretches(model, judging)
    shifts = [found_and_alarms(model.card, before, judging_truth, shifted(model.card, shift)) for shift in SHIFTS]
    at = report("before", model.card, before, judging_truth)
    gains = {}
    for stage in STAGES:
        out, began = work / f"{stage}.onnx", time.monotonic()
        done = run("sed-adapt", given.model, clips, "--stage", stage, "--aim", given.aim, "--out", out, check=False)
        say(f"sed-adapt --stage {stage}: {time.monotonic() - began:.0f} s, exit code {done}")
        new = Model(out, "cpu") if out.exists() else model
        stretches = read_stretches(new, judging) if stage == "head" and out.exists() else before
        found, alarms = report(stage, new.card, stretches, judging_truth)
        as_old = [found_and_alarms(new.card, stretches, judging_truth, shifted(new.card, shift)) for shift in SHIFTS]
        gain = gains[stage] = Gain(found, alarms, alarms_at(shifts, found))
        say(f"{stage}: the old model gives {gain.old_alarms} where it finds {found}: {gain.fewer:.0%} fewer")
        say(f"{stage}: with thresholds moved until it finds {at[0]}, {alarms_at(as_old, at[0])} false alarms")
    return gains


def alarms_at(outcomes: Sequence[tuple[int, int]], wanted: int) -> int:
    """The false alarms of the first outcome, as thresholds fall, that finds so many; of the last one if none does.

    Far lower thresholds join everything to one long event, which finds all and is seldom a false alarm.
    """
    return next((alarms for found, alarms in outcomes if found >= wanted), outcomes[-1][1])


def cut_in_halves(data: Path, work: Path, card: Card) -> list[Part]:
    """The first halves of all recordings, and the second ones."""
    parts = [Part([], {}), Part([], {})]
    for path in sorted(data.glob("*.ogg")):
        samples = read_audio(path, card.sample_rate)
        middle = len(samples) // 2
        events = truth_of(path.with_suffix(".tsv"), card)
        for number, begin in enumerate((0, middle)):
            half = work / f"{path.stem}-{number + 1}.flac"
            soundfile.write(half, samples[begin : begin + middle], card.sample_rate)
            shift, end = begin / card.sample_rate, middle / card.sample_rate
            inside = [(on - shift, off - shift, label) for on, off, label in events]
            parts[number].truth[str(half)] = [one for one in inside if 0 <= (one[0] + one[1]) / 2 < end]
            parts[number].paths.append(half)
    return parts


def truth_of(path: Path, card: Card) -> list[tuple[float, float, str]]:
    """Onset, offset and label of the events of a recording, in the model's words."""
    events = []
    for line in path.read_text().splitlines()[1:] if path.exists() else ():
        onset, offset, label = line.split("\t")
        events.append((float(onset), float(offset), name_of(label, card)))
    return events


def name_of(label: str, card: Card) -> str:
    """A label in the model's words."""
    return label if label in card.labels else AUDIOSET[label]


def answer(folder: Path, truth: Truth, count: int, rng: random.Random) -> None:
    """Review clips as a person would: those of events first, then near misses by how near they were."""
    clips = read_clips(folder)
    rng.shuffle(clips)
    clips.sort(
        key=lambda clip: 1e3 * (clip.kind == "event") + float(logit(clip.score) - logit(clip.decoding.on)), reverse=True
    )
    file, said = ReviewFile(folder), {RIGHT: 0, WRONG: 0, OTHER: 0}
    for clip in clips[:count]:
        there = heard_in(clip, truth)
        verdict = RIGHT if clip.label in there else OTHER if there else WRONG
        if rng.random() < MISTAKES:
            verdict = WRONG if verdict == RIGHT else RIGHT
        label = sorted(there)[0] if verdict == OTHER else None
        file.append(clip.review(verdict, label=label))
        said[verdict] += 1
    say(f"{len(clips)} clips, reviewed: {said}")


def heard_in(clip: Clip, truth: Truth) -> set[str]:
    """Labels of the true events that the clip's event overlaps."""
    onset = clip.begin_seconds + clip.onset
    offset = clip.begin_seconds + clip.offset
    return {label for on, off, label in truth[clip.source] if onset < off and on < offset}


def found_and_alarms(
    card: Card, stretches: Sequence[Stretch], truth: Truth, decoding: dict[str, ClassDecoding]
) -> tuple[int, int]:
    """True events that are found, and false alarms."""
    labels = sorted({label for events in truth.values() for *_, label in events})
    columns, found, alarms = [card.labels.index(label) for label in labels], 0, 0
    for one in stretches:
        decoder = Decoder(labels, decoding)
        events = [
            (event.onset_frame * card.frame_seconds, event.offset_frame * card.frame_seconds, event.label)
            for event in decoder.push(one.scores[:, columns], one.lost) + decoder.flush()
        ]
        found += sum(any(map(partial(is_same, true), events)) for true in truth[one.source])
        alarms += sum(not any(map(partial(is_same, event), truth[one.source])) for event in events)
    return found, alarms


def is_same(one: tuple[float, float, str], other: tuple[float, float, str]) -> bool:
    """Whether two events are of one label and overlap."""
    return one[2] == other[2] and one[0] < other[1] and other[0] < one[1]


def report(name: str, card: Card, stretches: Sequence[Stretch], truth: Truth) -> tuple[int, int]:
    """What a model finds, and its false alarms."""
    found, alarms = found_and_alarms(card, stretches, truth, card.decoding)
    hours, right = hours_of(stretches, card), sum(map(len, truth.values()))
    say(f"{name}: {found} of {right} found, {alarms} false alarms, {alarms / hours:.0f} an hour")
    return found, alarms


def shifted(card: Card, shift: float) -> dict[str, ClassDecoding]:
    """All thresholds moved."""
    decoding = {}
    for label, one in card.decoding.items():
        on, off = (min(0.999999, max(1e-6, float(sigmoid(logit(value) + shift)))) for value in (one.on, one.off))
        decoding[label] = dataclasses.replace(one, on=on, off=min(on, off))
    return decoding


def run(command: str, *arguments: object, check: bool = True, stdout: int | None = None) -> int:
    """Run a command of this installation."""
    program = Path(sys.executable).with_name(command)
    return subprocess.run([program, *map(str, arguments)], check=check, stdout=stdout).returncode


if __name__ == "__main__":
    main()
