"""What somebody might type: settings and addresses."""

import json
import random
from pathlib import Path
from urllib.parse import urlsplit

from tests.edge.fuzz.damage import damaged
from tests.edge.fuzz.samples import CONTAINERS, ROOT
from tests.edge.fuzz.trial import Samples, Trial

_WORDS = (
    *("caf\udce9.wav", "", " ", "0", "-1", "1", "0.05", "1e308", "-inf", "nan", "9" * 400, "1_0", "0x10", "true"),
    *("none", "auto", "=", "dog=0.5", "dog=", "=0.5", "dog=nan", "dog=1e-320", "dog,rooster", ",", "dogg", "a=b=c"),
    *("\u00e9\u4e00", "\udcff", "\x1b[31m", "a\nb", "'", '"', "[[", "#", "%s%n", "{}", "..", "/", "~", "A" * 5000),
    *("mic:nobody", "-", "--", "@", "day", "1kB", "0MB", "jsonl", "csv:a", "a.jsonl", "a.npz", "s16le:48000:1"),
    *("s16le:1:0", "2026-05-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "24:00"),
    *("/dev/null", "/dev/zero", "/dev/full", "/proc/self/mem"),
)
_TOML = ("[]", "{}", "[[1]]", "{dog = 0.5}", "-0", "nan", "1e999", "07:32:00", "0x1F")
_OPTIONS = (
    *(
        "--name",
        "--once",
        "--realtime",
        "--duration",
        "--pcm",
        "--started-at",
        "--timezone",
        "--model",
        "--provider",
        "--threads",
    ),
    *("--hop", "--window", "--labels", "--threshold", "--onsets", "--format", "--durable", "--rotate", "--stats-every"),
    *("--config", "--live", "--show-config", "--json", "--hopp", "--version", "--help"),
)
_FLAGS = ("--once", "--live", "--realtime", "--onsets", "--durable", "--show-config", "--json", "--version", "--help")
_SETTINGS = (
    *(
        "SOURCE",
        "NAME",
        "ONCE",
        "REALTIME",
        "DURATION",
        "PCM",
        "STARTED_AT",
        "TIMEZONE",
        "MODEL",
        "PROVIDER",
        "THREADS",
        "HOP",
    ),
    *("WINDOW", "LABELS", "THRESHOLD", "ONSETS", "FORMAT", "DURABLE", "ROTATE", "STATS_EVERY", "CONFIG", "HOPP"),
)
_VALID = {
    "duration": ("0.5", "1"),
    "pcm": ("s16le:16000:1",),
    "started-at": ("2026-05-01T04:30:00Z", "2026-05-01", "name", "metadata", "none"),
    "timezone": ("Europe/Berlin", "+02:00", "UTC"),
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
_SCHEMES = (*("http", "http", "https", "rtsp", "rtsps", "udp", "HTTP"), *("rtp", "srt", "file", "concat", "httpp", ""))
_USERS = ("", "", "me:secret@", "me@", ":@", "a b@", "%zz:%@", "x:y@z@", "[@")
_HOSTS = (*["127.0.0.1"] * 6, "[::1]", "localhost", "", "@127.0.0.1", "[", "[::1")
_PORTS = (":1", ":0", ":99999", ":-1", ":x", ":", "", ":1:2")
_PATHS = ("", "/", "/live.m3u8", "/a b", "/%00", "/\u00e9", "/\udcff", "//", "/a" * 2000, "/x.sdp")
_QUERIES = ("", "", "?", "?a=b&c", "?fifo_size=x", "?buffer_size=1", "?pkt_size=-1", "#", "?a=://@")


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
    text = (ROOT / "docs" / "examples" / "sed-stream.toml").read_text()
    text = text.replace('"mic"', f'"{samples.folder}/whole.wav"').replace("rtsp://porch.local/audio", "mic:nobody")
    text = text.replace('"events.', f'"{samples.folder}/events.').replace('"scores.', f'"{samples.folder}/scores.')
    if chance.random() < 0.3:
        path.write_bytes(damaged(chance, text.encode()))
        return path
    lines = [line for line in text.splitlines() if chance.random() < 0.7]
    for name in {*chance.choices(_SETTINGS, k=chance.choice((1, 1, 3)))}:
        key = name.lower().replace("_", "-")
        lines = [line for line in lines if not line.startswith(key)]
        value = chance.choice((json.dumps(chance.choice(_WORDS)), *_TOML))
        lines.insert(0, f"{key} = {value}")
    path.write_text("\n".join(lines), errors="surrogateescape")
    return path


def urls(chance: random.Random, samples: Samples) -> Trial:
    """Addresses; of this machine alone, and where nobody listens or nobody speaks sense."""
    while True:
        scheme, port = chance.choice(_SCHEMES), chance.choice((f":{samples.server.port}", *_PORTS))
        place = chance.choice(_USERS) + chance.choice(_HOSTS) + port
        text = scheme + chance.choice(("://",) * 9 + (":/",)) + place + chance.choice(_PATHS) + chance.choice(_QUERIES)
        if chance.random() < 0.1:
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(_WORDS)[:20] + text[at:]
        if _is_ours(text):
            break
    arguments = [text, "--once", *(["--duration", "1"] if chance.random() < 0.5 or scheme == "udp" else [])]
    if chance.random() < 0.3:
        return Trial("stream", arguments[1:], {"SED_STREAM_SOURCE": text})
    return Trial("stream", arguments)


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
