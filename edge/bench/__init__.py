"""`sed-bench`: what runs where, how fast, and how much it can take. Nothing else of the runtime needs it.

combinations   what is to be measured: models, providers, hops, windows, threads, streams
sessions       a model on an execution provider, or why not; which node runs where
lockstep       streams that step together, embeddings kept on the device
rounds         several subjects in turn, round after round
figures        what the rounds come to
fresh          a process of its own: start-up, memory
table          all of it together
show           results as text and as Markdown
plot           and as pictures
load           how many sources in real time
latency        from a sound to its lines
machine        what was measured on
options        what the parts share on the command line
commands       the command; export.bench adds `frontend` to it, which needs torch
"""
