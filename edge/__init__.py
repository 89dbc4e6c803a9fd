"""The runtime: sound in, an event log out, without torch.

errors         the error tree
card           what a model file says of itself
events         events and frame edges
decoder        scores -> events
ring           the newest samples of a source
audio          decoding and resampling
sources        where sound comes from
inference      a model file, opened
stream         samples -> scores, by the sliding window
records        the lines of the event log
sinks          where they go
runtime        the only wiring
command_line   what all commands share
describe       a card in words
commands       sed-stream, sed-info
"""
