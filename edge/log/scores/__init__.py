"""Frame scores kept without the sound, and the files that hold them.

entries    the entries that are kept beside the scores, and their checks
files      numbered files of frame scores: NumPy archives or Parquet
sink       keeps the scores of a run in such files
"""

from edge.log.scores.entries import Entry
from edge.log.scores.files import ScoreFile, find_score_files, load_score_files, save_score_file
from edge.log.scores.sink import DecoderInput, ScoreReceiver, ScoreSink

__all__ = [
    "DecoderInput",
    "Entry",
    "ScoreFile",
    "ScoreReceiver",
    "ScoreSink",
    "find_score_files",
    "load_score_files",
    "save_score_file",
]
