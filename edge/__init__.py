"""The runtime: sound in, an event log out, without torch.

errors         the error tree
model          a model file: what it says of itself, what runs it
sources        where sound comes from: files, microphones, URLs
detection      frame scores -> events
log            the event log: records, formats, files; kept frame scores
outputs        where the log and the sound go besides files
session        a source and a model at work
doctor         what is wrong, and what to do
cli            sed-stream, sed-replay, sed-info, sed-doctor
bench          sed-bench

A folder imports only from those above it in this list; `sources` and `model` know nothing of each other.
"""
