"""The steps of models, measured in every combination.

combinations    what is to be measured: models, providers, hops, windows, threads, streams
figures         what the rounds come to
fresh           a process of its own: start-up, memory
lockstep        streams that step together, embeddings kept on the device
measuring       all of it together
rounds          several subjects in turn, round after round
sessions        a model on an execution provider, or why not; which node runs where
"""

from edge.bench.steps.combinations import all_combinations
from edge.bench.steps.figures import spread
from edge.bench.steps.measuring import SCHEMA, Table, measure_all
from edge.bench.steps.rounds import measure
from edge.bench.steps.sessions import PROVIDERS, open_on, usual_providers, why_absent

__all__ = [
    "PROVIDERS",
    "SCHEMA",
    "Table",
    "all_combinations",
    "measure",
    "measure_all",
    "open_on",
    "spread",
    "usual_providers",
    "why_absent",
]
