"""One recording: what is heard of it, in one piece or in parts.

alignment     where a resampler can start within a recording
excerpt       a recording from one of its samples on
joining       the scores of parts -> the log of the whole
part_scores   the frame scores of one part
parts         the parts that a long recording is split into
"""

from scan.recording.excerpt import Irregular, Outline, Recording, outline_of
from scan.recording.joining import Records, join_parts, score_files
from scan.recording.part_scores import PartScores, score_part
from scan.recording.parts import Part, Plan, plan_parts

__all__ = [
    "Irregular",
    "Outline",
    "Part",
    "PartScores",
    "Plan",
    "Recording",
    "Records",
    "join_parts",
    "outline_of",
    "plan_parts",
    "score_files",
    "score_part",
]
