"""The scores of a part as a file, for the worker that joins them."""

import io
import json

import numpy as np

from scan.recording.part_scores import PartScores


def part_to_bytes(part: PartScores) -> bytes:
    """A part's scores as a NumPy archive."""
    out = io.BytesIO()
    about = json.dumps([part.first_frame, part.pushes, part.heard_samples, part.seconds])
    np.savez_compressed(out, scores=part.scores, about=np.array(about))
    return out.getvalue()


def part_from_bytes(content: bytes) -> PartScores:
    """What `part_to_bytes` made.

    Raises:
        Exception: of NumPy or json, if it is damaged.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        first_frame, pushes, heard_samples, seconds = json.loads(str(arrays["about"]))
        return PartScores(first_frame, pushes, arrays["scores"], heard_samples, seconds)
