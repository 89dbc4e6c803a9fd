"""Frame scores that are kept without sound, and the files that hold them.

entries    what is kept beside them, checked
files      the files they are in
sink       frame scores kept without sound
"""

from edge.scores.entries import Entry
from edge.scores.files import Piece, load_pieces
from edge.scores.sink import Heard, ScoreSink, ScoreTaker

__all__ = ["Entry", "Heard", "Piece", "ScoreSink", "ScoreTaker", "load_pieces"]
