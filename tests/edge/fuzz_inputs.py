"""Inputs that no user means to give, each made from a number: what a command is called with, and the files to it."""

import importlib.util
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import av
import numpy as np
import onnx
import soundfile

from edge.card import METADATA_KEY
from edge.inference import shipped_model
from edge.score_files import load_pieces
from tests.edge.garbage import GarbageServer

# Not those of conftest, which imports torch.
ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo" / "recording.ogg"
CONTAINERS = ("wav", "flac", "ogg", "mp3", "opus", "mp4", "ts")
_PCM_FORMATS = ("u8", "s8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le", "f64be")
_WORDS = (
    *(
        "caf\udce9.wav",
        "",
        " ",
        "0",
        "-1",
        "1",
        "0.05",
        "1e308",
        "-inf",
        "nan",
        "9" * 400,
        "1_0",
        "0x10",
        "true",
        "none",
        "auto",
    ),
    *(
        "=",
        "dog=0.5",
        "dog=",
        "=0.5",
        "dog=nan",
        "dog=1e-320",
        "dog,rooster",
        ",",
        "dogg",
        "a=b=c",
        "\u00e9\u4e00",
        "\udcff",
    ),
    *("\x1b[31m", "a\nb", "'", '"', "[[", "#", "%s%n", "{}", "..", "/", "~", "A" * 5000, "mic:nobody", "-", "--", "@"),
    *("day", "1kB", "0MB", "jsonl", "csv:a", "a.jsonl", "a.npz", "s16le:48000:1", "s16le:1:0", "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00+14:00", "2026-05-01", "24:00", "/dev/null", "/dev/zero", "/dev/full", "/proc/self/mem"),
)
_OPTIONS = (
    *("--name", "--once", "--realtime", "--duration", "--pcm", "--started-at", "--model", "--provider", "--threads"),
    *("--hop", "--window", "--labels", "--threshold", "--onsets", "--format", "--durable", "--rotate", "--stats-every"),
    *("--config", "--show-config", "--json", "--hopp", "--version", "--help"),
)
_FLAGS = ("--once", "--realtime", "--onsets", "--durable", "--show-config", "--json", "--version", "--help")
_SETTINGS = (
    *("SOURCE", "NAME", "ONCE", "REALTIME", "DURATION", "PCM", "STARTED_AT", "MODEL", "PROVIDER", "THREADS", "HOP"),
    *("WINDOW", "LABELS", "THRESHOLD", "ONSETS", "FORMAT", "DURABLE", "ROTATE", "STATS_EVERY", "CONFIG", "HOPP"),
)


_VALID = {
    "duration": ("0.5", "1"),
    "pcm": ("s16le:16000:1",),
    "started-at": ("2026-05-01T04:30:00Z", "2026-05-01"),
    "provider": ("cpu", "auto"),
    "threads": ("1", "3", "256"),
    "hop": ("0.05", "0.5", "1"),
    "window": ("2", "10", "300"),
    "labels": ("dog", "dog, rooster"),
    "threshold": ("dog=0.5", "rain=0.01"),
    "format": ("text", "jsonl"),
    "rotate": ("day", "1kB"),
    "stats-every": ("0", "0.1", "1e9"),
    "once": ("1", "false"),
    "realtime": ("1", "false"),
    "onsets": ("1", "false"),
}


class Trial(NamedTuple):
    """One call of a command.

    Attributes:
        command: `stream`, `replay`, `info` or `doctor`.
        arguments: of its own.
        environment: variables.
        stdin: a file, or nothing.
    """

    command: str
    arguments: list[str]
    environment: Mapping[str, str] = MappingProxyType({})
    stdin: Path | None = None


class Samples(NamedTuple):
    """Small real files to damage, in a folder, and a server that speaks garbage."""

    folder: Path
    server: GarbageServer


def make_samples(folder: Path) -> None:
    """A second and a half of a rooster in every container, a model, and scores of a run."""
    audio, rate = soundfile.read(DEMO, dtype="float32", start=6 * 44_100, frames=66_150)
    for suffix in ("wav", "flac", "ogg", "mp3"):
        soundfile.write(folder / f"whole.{suffix}", audio, rate)
    for suffix, codec in (("opus", "libopus"), ("mp4", "aac"), ("ts", "mp2")):
        _encode(folder / f"whole.{suffix}", codec, folder / "whole.wav")
    shutil.copy(folder / "whole.wav", folder / "caf\udce9.wav")  # as a name that is no UTF-8 looks
    shutil.copy(shipped_model(), folder / "whole.onnx")
    for suffix in ("npz", "parquet") if importlib.util.find_spec("pyarrow") else ("npz",):
        sources = [folder / "whole.wav", f"--name=b={folder / 'whole.flac'}"]
        subprocess.run(
            [Path(sys.executable).with_name("sed-stream"), *sources, "--scores", folder / f"whole.{suffix}"],
            check=True,
            capture_output=True,
        )


def _encode(path: Path, codec: str, wav: Path) -> None:
    form = {"opus": "ogg", "ts": "mpegts"}.get(path.suffix[1:], path.suffix[1:])
    with av.open(str(wav)) as source, av.open(str(path), "w", format=form) as target:
        stream = target.add_stream(codec, rate=48_000)
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def damaged(chance: random.Random, content: bytes) -> bytes:
    """The same bytes after some accidents, half of them where a file says what it is."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        place = chance.randrange(max(1, len(data) if chance.random() < 0.5 else min(len(data), 200)))
        length = chance.choice((1, 2, 4, 8, 100, 1000))
        match chance.randrange(7):
            case 0:
                data[place : place + length] = chance.randbytes(min(length, len(data) - place))
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = chance.randbytes(length)
            case 3:
                data[place : place + length] = bytes([chance.choice((0, 0x7F, 0x80, 0xFF))]) * min(length, 8)
            case 4:
                data[place:place] = data[chance.randrange(len(data) or 1) :][:length]
            case 5 if chance.random() < 0.3:
                del data[place:]
            case _:
                if data:
                    data[min(place, len(data) - 1)] ^= 1 << chance.randrange(8)
    return bytes(data)


def settings(chance: random.Random, samples: Samples) -> Trial:
    """Flags, variables and a file of settings."""
    command = chance.choice((*["stream"] * 18, "doctor", "info"))
    options = _OPTIONS if command == "stream" else ("--model", "--provider", "--threads", "--json", "--hop")
    arguments = [_word(chance, samples) for _ in range(chance.choice((0, 1, 1, 1, 2)))]
    for option in chance.choices(options, k=chance.choice((0, 1, 2, 4))):
        arguments += [option] if option in _FLAGS else [option, _value(chance, option.strip("-"), samples)]
    for option, name in (("--out", "a.csv"), ("--scores", "a.npz")):
        if chance.random() < 0.1:  # not just anywhere
            arguments += [option, str(samples.folder / chance.choice((name, "a.txt", "no/a.jsonl", "b" * 300)))]
    if chance.random() < 0.5 and command == "stream":
        arguments += ["--config", str(_config(chance, samples))]
    if chance.random() < 0.1:
        chance.shuffle(arguments)
    names = chance.choices(_SETTINGS, k=chance.choice((0, 0, 1, 3)))
    environment = {f"SED_STREAM_{name}": _value(chance, name, samples) for name in names}
    return Trial(command, arguments, environment)


def _value(chance: random.Random, name: str, samples: Samples) -> str:
    """For a setting: one that would do, or any word."""
    would_do = _VALID.get(name.lower().replace("_", "-"))
    return chance.choice(would_do) if would_do and chance.random() < 0.6 else _word(chance, samples)


def _word(chance: random.Random, samples: Samples) -> str:
    whole = str(samples.folder / f"whole.{chance.choice(CONTAINERS)}")
    word = chance.choice((chance.choice(_WORDS), chance.choice(_WORDS), whole, whole, f"a={whole}"))
    if chance.random() < 0.1:
        word += "".join(chr(chance.choice((chance.randrange(1, 128), chance.randrange(160, 0xD800)))) for _ in range(5))
    return word


def _config(chance: random.Random, samples: Samples) -> Path:
    path = samples.folder / "settings.toml"
    text = (ROOT / "docs" / "sed-stream.toml").read_text()
    text = text.replace('"mic"', f'"{samples.folder}/whole.wav"').replace("rtsp://porch.local/audio", "mic:nobody")
    text = text.replace('"events.', f'"{samples.folder}/events.').replace('"scores.', f'"{samples.folder}/scores.')
    if chance.random() < 0.3:
        path.write_bytes(damaged(chance, text.encode()))
        return path
    lines = [line for line in text.splitlines() if chance.random() < 0.7]
    for name in {*chance.choices(_SETTINGS, k=chance.choice((1, 1, 3)))}:
        key = name.lower().replace("_", "-")
        lines = [line for line in lines if not line.startswith(key)]
        value = chance.choice(
            (
                json.dumps(chance.choice(_WORDS)),
                "[]",
                "{}",
                "[[1]]",
                "{dog = 0.5}",
                "-0",
                "nan",
                "1e999",
                "07:32:00",
                "0x1F",
            )
        )
        lines.insert(0, f"{key} = {value}")
    path.write_text("\n".join(lines), errors="surrogateescape")
    return path


_OTHER_SCHEMES = ("rtp", "srt", "file", "concat", "httpp", "")


def urls(chance: random.Random, samples: Samples) -> Trial:
    """Addresses; of this machine alone, and where nobody listens or nobody speaks sense."""
    while True:
        scheme = chance.choice(("http", "http", "https", "rtsp", "rtsps", "udp", "HTTP", *_OTHER_SCHEMES))
        user = chance.choice(("", "", "me:secret@", "me@", ":@", "a b@", "%zz:%@", "x:y@z@", "[@"))
        host = chance.choice((*["127.0.0.1"] * 6, "[::1]", "localhost", "", "@127.0.0.1", "[", "[::1"))
        port = chance.choice(
            (":1", f":{samples.server.port}", f":{samples.server.port}", ":0", ":99999", ":-1", ":x", ":", "", ":1:2")
        )
        path = chance.choice(("", "/", "/live.m3u8", "/a b", "/%00", "/\u00e9", "/\udcff", "//", "/a" * 2000, "/x.sdp"))
        query = chance.choice(("", "", "?", "?a=b&c", "?fifo_size=x", "?buffer_size=1", "?pkt_size=-1", "#", "?a=://@"))
        text = scheme + chance.choice(("://",) * 9 + (":/",)) + user + host + port + path + query
        if chance.random() < 0.1:
            place = chance.randrange(len(text) + 1)
            text = text[:place] + chance.choice(_WORDS)[:20] + text[place:]
        if _is_ours(text):
            break
    arguments = [text, "--once", *(["--duration", "1"] if chance.random() < 0.5 or scheme == "udp" else [])]
    return (
        Trial("stream", arguments)
        if chance.random() < 0.7
        else Trial("stream", arguments[1:], {"SED_STREAM_SOURCE": text})
    )


def _is_ours(url: str) -> bool:
    """Whether whoever opens it stays on this machine."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return True  # it is refused for the same reason
    return host in (None, "", "127.0.0.1", "::1", "localhost")


def servers(chance: random.Random, samples: Samples) -> Trial:
    """Streams whose servers speak garbage."""
    samples.server.answer_with(chance.randrange(1 << 30))
    scheme = chance.choice(("http", "http", "http", "https", "rtsp", "rtsps", "udp"))
    port = samples.server.udp_port if scheme == "udp" else samples.server.port
    path = chance.choice(("", "/live", "/live.m3u8", "/a.mp3"))
    once = ["--once"] if chance.random() < 0.9 else []
    return Trial("stream", [f"{scheme}://127.0.0.1:{port}{path}", "--duration", "1", *once])


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
        (piece,) = load_pieces(whole)
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


_VALUES = (
    *(None, True, False, 0, 1, -1, 2, 1.5, 10**6, 10**18, 10**30, 10**400, 1e308, float("nan"), float("inf"), -0.0),
    *(
        "",
        "x",
        "dog",
        "\ud800",
        "\x1b[2J",
        "1",
        "gap",
        "start",
        "2026-05-01T00:00:00",
        [],
        {},
        [[]],
        {"a": 1},
        [None],
        [1, -1],
    ),
)


def mutated(chance: random.Random, value: Any) -> Any:
    """The same JSON with something in it changed, left out or put elsewhere."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.choice((1, 1, 1, 3))):
        holder, key = _somewhere(chance, value)
        if holder is None:
            return chance.choice(_VALUES)
        match chance.randrange(6):
            case 0 if chance.random() < 0.3:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(key, chance.choice((chance.choice(_VALUES), holder[key])))
            case 2 if isinstance(holder[key], int | float):
                holder[key] = chance.choice((-holder[key], holder[key] + 1, holder[key] * 1000, holder[key] // 2))
            case 3:
                other, place = _somewhere(chance, value)
                holder[key] = json.loads(json.dumps(other[place] if other is not None else None))
            case _:
                holder[key] = chance.choice(_VALUES)
    return value


def _somewhere(chance: random.Random, value: Any) -> tuple[Any, Any]:
    """A list or an object somewhere in a value, and one of its keys."""
    holder, key = None, None
    while isinstance(value, list | dict) and value and (holder is None or chance.random() < 0.8):
        holder = value
        key = chance.randrange(len(value)) if isinstance(value, list) else chance.choice(list(value))
        value = value[key]
    return holder, key


class Kind(NamedTuple):
    """A way to be damaged.

    Attributes:
        count: of its inputs.
        make: makes one.
    """

    count: int
    make: Callable[[random.Random, Samples], Trial]


KINDS = {
    "settings": Kind(600, settings),
    "urls": Kind(300, urls),
    "servers": Kind(150, servers),
    "containers": Kind(400, containers),
    "samples": Kind(200, bare_samples),
    "scores": Kind(200, scores),
    "models": Kind(150, models),
}


def make_trial(kind: str, number: int, samples: Samples) -> Trial:
    """The input of that kind and number."""
    return KINDS[kind].make(random.Random(f"{kind} {number}"), samples)
