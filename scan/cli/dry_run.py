"""What a scan would cost, found without writing anything."""

import time
from collections.abc import Iterable

import numpy as np

from edge.errors import SedError
from edge.model import Model
from edge.sources import AudioFile
from scan.archive import ArchiveFile, local_copy
from scan.cluster import ScanSettings

_SAMPLED = 20
_STEPS = 20


def estimate(files: Iterable[ArchiveFile], settings: ScanSettings, model: Model, workers: int | None) -> str:
    """How many files, hours of sound and hours of a processor, by the sizes of all files and the lengths of some."""
    count, sized, total_bytes = 0, 0, 0
    sample: list[ArchiveFile] = []
    for file in files:
        count += 1
        if file.size is not None:
            sized += 1
            total_bytes += file.size
        if len(sample) < _SAMPLED:
            sample.append(file)
        elif (place := int(np.random.default_rng(count).integers(count))) < _SAMPLED:
            sample[place] = file
    per_second = _cost(settings, model)
    bytes_a_second = _bytes_a_second(sample)
    lines = [
        f"{count} files, {total_bytes / 1e9:.2f} GB" + (f" of {sized} whose size is known" if sized < count else "")
    ]
    if bytes_a_second:
        hours = total_bytes / bytes_a_second / 3600
        lines.append(f"about {hours:.1f} h of sound, by the length of {len(sample)} files")
        lines.append(
            f"about {hours * per_second:.2f} h of one processor of this machine ({1000 * per_second:.2f} ms a second)"
        )
        if workers:
            lines.append(f"about {hours * per_second / workers:.2f} h with {workers} workers")
    else:
        lines.append("no length of the files that were looked at is known")
    return "\n".join(lines)


def _cost(settings: ScanSettings, model: Model) -> float:
    """Seconds of a processor for a second of sound: the model's steps; decoding comes to a tenth of that or two."""
    card, window = model.card, settings.window
    audio = np.zeros((1, card.context_samples + window.hop_frames * card.frame_samples), dtype=np.float32)
    old = np.zeros((1, window.window_frames - window.hop_frames, model.embedding_size), dtype=np.float32)
    model.step(audio, old)
    began = time.process_time()
    for _ in range(_STEPS):
        model.step(audio, old)
    return (time.process_time() - began) / _STEPS / (window.hop_frames * card.frame_seconds)


def _bytes_a_second(sample: list[ArchiveFile]) -> float:
    sizes, seconds = 0, 0.0
    for file in sample:
        if file.size is None:
            continue
        try:
            with local_copy(file.path) as path, AudioFile(path) as opened:
                if opened.declared_seconds:
                    sizes += file.size
                    seconds += opened.declared_seconds
        except SedError:
            continue
    return sizes / seconds if seconds else 0.0
