"""The runtime: sound in, an event log out, without torch.

errors         the error tree
card           what a model file says of itself
events         events, onsets and frame edges
decoder        scores -> events
ring           the newest samples of a source
audio          decoding and resampling
sources        where sound comes from
arrival        when the sound of a live source was heard
opening        what a user calls a source, as a source
inference      a model file, opened
stream         samples -> scores, by the sliding window
listener       what comes from one source -> events
timeline       samples as seconds and as times of day
feed           a source, read in a thread
pace           how wide a hop must be for inference to keep up
tally          how it goes
records        the lines of the event log
sinks          where they go
log            one log of several sources
reporter       one source -> records
worker         one source, in a thread of its own
runtime        the only wiring
command_line   what all commands share
describe       a card in words
commands       sed-stream, sed-info
"""
