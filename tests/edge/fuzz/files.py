"""What a file might hold: sounds, kept scores, models."""

import json
import random
from typing import Any

import numpy as np
import onnx

from edge.log.scores.files import load_score_files
from edge.model.card import METADATA_KEY
from tests.edge.fuzz.damage import damaged, mutated
from tests.edge.fuzz.samples import CONTAINERS
from tests.edge.fuzz.trial import Samples, Trial

_PCM_FORMATS = ("u8", "s8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le", "f64be")


def containers(chance: random.Random, samples: Samples) -> Trial:
    """Damaged files, whatever they are called, and on stdin."""
    kind = chance.choice(CONTAINERS)
    content = damaged(chance, (samples.folder / f"whole.{kind}").read_bytes())
    path = samples.folder / f"damaged.{chance.choice((kind, kind, kind, *CONTAINERS, 'bin', 'm3u8', 'txt'))}"
    path.write_bytes(content)
    if chance.random() < 0.2:
        return Trial("stream", ["-"], stdin=path)
    if chance.random() < 0.05:
        return Trial("doctor", [str(path)])
    return Trial("stream", [str(path), *(["--onsets"] if chance.random() < 0.3 else [])])


def bare_samples(chance: random.Random, samples: Samples) -> Trial:
    """Bytes that are said to be samples of some kind."""
    path, size = samples.folder / "samples.raw", chance.choice((0, 1, 7, 1000, 30_000))
    content = chance.randbytes(size)
    if chance.random() < 0.5:
        content = (samples.folder / "whole.wav").read_bytes()[chance.randrange(60) :][:size]
    if chance.random() < 0.3:
        extremes = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-40, 1.0]
        content = np.array(
            [chance.choice(extremes) for _ in range(size // 8)], dtype=chance.choice(("<f4", "<f8"))
        ).tobytes()
    path.write_bytes(content)
    rates = (1000, 8000, 11_025, 44_100, 48_000, 192_000, 768_000, chance.randrange(1000, 768_000))
    rate, channels = chance.choice(rates), chance.choice((1, 1, 1, 2, 3, 8, 17, 64))
    if chance.random() < 0.1:
        rate, channels = chance.choice((0, 999, 769_000)), chance.choice((0, 1, 65))
    pcm = f"{chance.choice(_PCM_FORMATS)}:{rate}:{channels}"
    return Trial("stream", ["-", "--pcm", pcm], stdin=path)


def scores(chance: random.Random, samples: Samples) -> Trial:
    """Kept scores: their bytes, or what they say."""
    suffix = chance.choice((".npz", *[each.suffix for each in samples.folder.glob("whole.*.parquet")]))
    whole, path = samples.folder / f"whole.000001{suffix}", samples.folder / f"damaged{suffix}"
    if suffix == ".parquet" or chance.random() < 0.4:
        path.write_bytes(damaged(chance, whole.read_bytes()))
    else:
        (piece,) = load_score_files(whole)
        card, entries = json.loads(piece.card.to_json()), piece.entries
        arrays: dict[str, Any] = {"scores": piece.scores, "lost": piece.lost}
        match chance.randrange(4):
            case 0:
                card = mutated(chance, card)
            case 1:
                name = chance.choice(("scores", "lost"))
                arrays[name] = _other_array(chance, arrays[name])
            case _:
                entries = mutated(chance, entries)
        with path.open("wb") as file:
            np.savez(file, **arrays, card=np.array(json.dumps(card)), entries=np.array(json.dumps(entries)))
    options = chance.choice(
        ([], [], ["--onsets"], ["--threshold", "dog=0.5"], ["--labels", "dog"], ["--format", "text"])
    )
    return Trial("replay", [str(path), *options])


def _other_array(chance: random.Random, array: Any) -> Any:
    return chance.choice(
        (
            lambda: array.astype(chance.choice(("f8", "f2", "i4", "c8", "U3", "M8[s]"))),
            lambda: np.full_like(array, chance.choice((np.nan, np.inf, -1.0, 2.0))),
            lambda: array[chance.randrange(len(array)) :],
            lambda: array[None],
            lambda: array.T,
            lambda: np.array(1.0),
        )
    )()


def models(chance: random.Random, samples: Samples) -> Trial:
    """A model file: its bytes, or its card."""
    path = samples.folder / "damaged.onnx"
    if chance.random() < 0.3:
        path.write_bytes(damaged(chance, (samples.folder / "whole.onnx").read_bytes()))
    else:
        proto = onnx.load(samples.folder / "whole.onnx")
        (card,) = (each.value for each in proto.metadata_props if each.key == METADATA_KEY)
        onnx.helper.set_model_props(proto, {METADATA_KEY: json.dumps(mutated(chance, json.loads(card)))})
        path.write_bytes(proto.SerializeToString())
    wav = str(samples.folder / "whole.wav")
    options = chance.choice((["--onsets"], ["--show-config"], ["--labels", "dog"], ["--threshold", "dog=0.5"], []))
    return chance.choice(
        (
            Trial("info", [str(path)]),
            Trial("info", [str(path), "--json"]),
            Trial("stream", [wav, "--model", str(path), *options]),
            Trial("stream", [wav, "--model", str(path), "--scores", str(samples.folder / "b.npz")]),
            Trial("stream", [wav, "--model", str(path), "--realtime", "--duration", "0.3"]),
        )
    )
