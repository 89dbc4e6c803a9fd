"""The steps of models, measured in every combination.

combinations    what is measured: models, providers, hops, windows, threads, streams
figures         the figures of a combination, from the times of its rounds
lockstep        streams that step together, embeddings kept on the device
process         CPU time of the whole sed-stream for a second of sound
rounds          times several subjects in turn, round after round
sessions        sessions on an execution provider, or why it is absent; which node runs where
startup         start-up time and memory, measured in a process of its own
table           measures all combinations
"""

from edge.bench.steps.combinations import all_combinations
from edge.bench.steps.figures import spread
from edge.bench.steps.rounds import measure
from edge.bench.steps.sessions import PROVIDERS, open_on, usual_providers, why_absent
from edge.bench.steps.table import Table, measure_all

__all__ = [
    "PROVIDERS",
    "Table",
    "all_combinations",
    "measure",
    "measure_all",
    "open_on",
    "spread",
    "usual_providers",
    "why_absent",
]
