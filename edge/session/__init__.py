"""A source and a model at work: one thread for each source, one log for all of them.

pace        how wide a hop must be for inference to keep up
replay      kept scores -> the log again
reporter    one source -> records
runtime     the only wiring
tally       how it goes
worker      one source, in a thread of its own
"""

from edge.session.replay import replay_scores
from edge.session.runtime import listen

__all__ = ["listen", "replay_scores"]
