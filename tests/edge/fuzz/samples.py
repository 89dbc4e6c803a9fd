"""Small real files to damage."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import av
import soundfile

from edge.model.library import shipped_model

# Not those of conftest, which imports torch.
ROOT = Path(__file__).parents[3]
DEMO = ROOT / "demo" / "recording.ogg"
CONTAINERS = ("wav", "flac", "ogg", "mp3", "opus", "mp4", "ts")


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
