"""What reviews gain: listen to recordings, review 100 clips as a person would, adapt the model, measure on others.

    python demo/better_with_reviews.py MODEL.onnx --data ../shared/data/validation --work build/reviews

`sed-stream --clips` listens to the first half of each recording in the folder. The truth answers for a person who makes
a mistake in 5 of 100 clips. `sed-adapt` makes a model for each stage, and the second halves, whose sounds are others of
the same kinds, say what it is worth: true events that an event of their label overlaps, and false alarms.
"""

import argparse
import dataclasses
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import soundfile

from adapt.solving import logit, sigmoid
from edge.model import Card, ClassDecoding, Model
from edge.session import Stretch, events_of, hours_of, read_stretches
from edge.sources import read_audio
from review.store import OTHER, RIGHT, WRONG, Clip, ReviewFile, read_clips

MISTAKES = 0.05
SHIFTS = [step / 4 for step in range(-12, 37)]  # of all thresholds, on the scale of logits
AUDIOSET = {  # what `--model general` calls the sounds of the recordings
    "clock_tick": "tick_tock",
    "crackling_fire": "crackle",
    "crying_baby": "baby_cry_infant_cry",
    "rooster": "crowing_cock_a_doodle_doo",
    "sea_waves": "waves_surf",
    "sneezing": "sneeze",
}
Truth = dict[str, list[tuple[float, float, str]]]


def say(text: str) -> None:
    """A line of the result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True, help="x.ogg with its truth x.tsv; without one, no events")
    parser.add_argument("--work", type=Path, required=True, help="a new folder")
    parser.add_argument("--reviews", type=int, default=100)
    parser.add_argument("--near", type=float, default=0.3, help="least peak of near misses")
    parser.add_argument("--aim", default="recall")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--later-first", action="store_true", help="listen to the second halves, measure on the first")
    given = parser.parse_args()
    given.work.mkdir(parents=True)
    model = Model(Path(given.model), "cpu")
    halves, truths = cut_in_halves(given.data, given.work, model.card)
    if given.later_first:
        halves, truths = halves[::-1], truths[::-1]
    clips = given.work / "clips"
    labels = ",".join(sorted({label for truth in truths for events in truth.values() for *_, label in events}))
    options = ["--clip-option", f"near={given.near}", "--clip-option", "near-per-hour=10000", "--labels", labels]
    run("sed-stream", *halves[0], "--model", given.model, "--clips", clips, *options, stdout=subprocess.DEVNULL)
    answer(clips, truths[0], given.reviews, random.Random(given.seed))
    before = read_stretches(model, halves[1])
    report("before", model.card, before, truths[1], None)
    at = found_and_alarms(model.card, before, truths[1], model.card.decoding)
    for stage in ("thresholds", "head"):
        out, began = given.work / f"{stage}.onnx", time.monotonic()
        done = run("sed-adapt", given.model, clips, "--stage", stage, "--aim", given.aim, "--out", out, check=False)
        say(f"sed-adapt --stage {stage}: {time.monotonic() - began:.0f} s, exit code {done}")
        if out.exists():
            new = Model(out, "cpu")
            report(stage, new.card, read_stretches(new, halves[1]), truths[1], at[0])


def cut_in_halves(data: Path, work: Path, card: Card) -> tuple[list[list[Path]], list[Truth]]:
    """The halves of all recordings, as files, and their truth by file."""
    halves: list[list[Path]] = [[], []]
    truths: list[Truth] = [{}, {}]
    for path in sorted(data.glob("*.ogg")):
        samples = read_audio(path, card.sample_rate)
        middle = len(samples) // 2
        events = truth_of(path.with_suffix(".tsv"), card)
        for number, begin in enumerate((0, middle)):
            half = work / f"{path.stem}-{number + 1}.flac"
            soundfile.write(half, samples[begin : begin + middle], card.sample_rate)
            shift, end = begin / card.sample_rate, middle / card.sample_rate
            inside = [(on - shift, off - shift, label) for on, off, label in events]
            truths[number][str(half)] = [one for one in inside if 0 <= (one[0] + one[1]) / 2 < end]
            halves[number].append(half)
    return halves, truths


def truth_of(path: Path, card: Card) -> list[tuple[float, float, str]]:
    """Onset, offset and label of the events of a recording, in the model's words."""
    events = []
    for line in path.read_text().splitlines()[1:] if path.exists() else ():
        onset, offset, label = line.split("\t")
        events.append((float(onset), float(offset), label if label in card.labels else AUDIOSET[label]))
    return events


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
    known = {label for events in truth.values() for *_, label in events}
    events = [event for event in events_of(stretches, card, decoding) if event.label in known]
    found = sum(
        any(e.source == source and e.label == label and e.onset < off and on < e.offset for e in events)
        for source, true in truth.items()
        for on, off, label in true
    )
    alarms = sum(
        not any(label == e.label and e.onset < off and on < e.offset for on, off, label in truth[e.source])
        for e in events
    )
    return found, alarms


def report(name: str, card: Card, stretches: Sequence[Stretch], truth: Truth, wanted: int | None) -> None:
    """What a model finds of the other halves, and with all thresholds moved so that it finds as many as before."""
    found, alarms = found_and_alarms(card, stretches, truth, card.decoding)
    hours, right = hours_of(stretches, card), sum(map(len, truth.values()))
    say(f"{name}: {found} of {right} found, {alarms} false alarms, {alarms / hours:.0f} an hour")
    if wanted is not None:
        moved = [found_and_alarms(card, stretches, truth, shifted(card, shift)) for shift in SHIFTS]
        same = [alarms for found, alarms in moved if found >= wanted]
        least = min(same) if same else None
        say(f"{name}: with thresholds moved until it finds {wanted}, {least} false alarms")


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
