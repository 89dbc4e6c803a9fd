"""One recording, processed in one piece or in parts.

alignment     where a resampler can start within a recording
excerpt       a recording from one of its samples on
joining       the scores of parts -> the log of the whole
part_files    the scores of a part as a file
part_scores   the frame scores of one part
parts         the parts that a long recording is split into
"""

from scan.recording.alignment import Alignment
from scan.recording.excerpt import Irregular, Outline, Recording, outline_of
from scan.recording.joining import Records, join_parts, score_files
from scan.recording.part_files import part_from_bytes, part_to_bytes
from scan.recording.part_scores import PartScores, score_part
from scan.recording.parts import Part, Plan, plan_parts

__all__ = [
    "Alignment",
    "Irregular",
    "Outline",
    "Part",
    "PartScores",
    "Plan",
    "Recording",
    "Records",
    "join_parts",
    "outline_of",
    "part_from_bytes",
    "part_to_bytes",
    "plan_parts",
    "score_files",
    "score_part",
]
