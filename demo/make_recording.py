"""Mixes demo/recording.ogg and its truth, demo/recording.tsv, from clips of ESC-10.

    python demo/make_recording.py ESC10

The clips are the first ones of each class whose own source is CC0, in fold 4, which the shipped model learnt from too.
NOTICE names their sources.
"""

import csv
from pathlib import Path

import click
import numpy as np
import soundfile

from edge.sources import read_audio
from sed.data import read_strong_table
from sed.sounds import coloured_noise

RATE = 32000
SECONDS = 56.0
BED_DB, EVENT_DB = -45.0, -26.0
LONGEST_SECONDS = 4.5
# Where each clip begins, in seconds.
CLIPS = {
    2.0: "4-183992-A-0.ogg",
    6.5: "4-164859-A-1.ogg",
    11.0: "4-156843-A-21.ogg",
    15.5: "4-167077-A-20.ogg",
    21.0: "4-175945-A-38.ogg",
    27.0: "4-149294-A-41.ogg",
    33.0: "4-160999-A-10.ogg",
    39.0: "4-125929-A-40.ogg",
    45.0: "4-182613-A-11.ogg",
    50.5: "4-164661-A-12.ogg",
}


@click.command()
@click.argument("esc10", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(esc10: Path) -> None:
    """Mix the demo recording from the clips in the folder ESC10."""
    here = Path(__file__).parent
    labelled = read_strong_table(esc10 / "meta" / "strong.tsv")
    audio = coloured_noise(np.random.default_rng(1), int(SECONDS * RATE), RATE) * np.float32(10 ** (BED_DB / 20))
    truth = []
    for begin, name in sorted(CLIPS.items()):
        clip = read_audio(esc10 / "audio" / name, RATE)
        segments = labelled[name]
        first = segments[0].onset
        kept = [segment for segment in segments if segment.onset - first < LONGEST_SECONDS]
        last = min(kept[-1].offset, first + LONGEST_SECONDS)
        sound = clip[int(first * RATE) : int(last * RATE)]
        sound = sound * np.float32(10 ** (EVENT_DB / 20) / np.sqrt(np.mean(sound**2)))
        start = int(begin * RATE)
        audio[start : start + len(sound)] += sound
        truth += [
            (begin + segment.onset - first, begin + min(segment.offset, last) - first, segment.label)
            for segment in kept
        ]
    soundfile.write(here / "recording.ogg", np.clip(audio, -1.0, 1.0), RATE)
    with (here / "recording.tsv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["onset", "offset", "event_label"])
        table.writerows((f"{onset:.3f}", f"{offset:.3f}", label) for onset, offset, label in truth)


if __name__ == "__main__":
    main()
