"""The runtime: sound in, an event log out, without torch.

errors         the error tree
card           what a model file says of itself
events         events, onsets and frame edges
decoder        scores -> events
ring           the newest samples of a source
audio          decoding and resampling
sources        where sound comes from
arrival        when the sound of a live source was heard
devices        what can record
recording      one connection to a device
continuity     what a device did not deliver
microphone     a microphone as a source
urls           URLs of streams: what can be heard, and how it is written down
placement      what a stream says, placed in time
streaming      a stream as a source
opening        what a user calls a source, as a source
providers      what runs a model, and why not CUDA
inference      a model file, opened
stream         samples -> scores, by the sliding window
listener       what comes from one source -> events
timeline       samples as seconds and as times of day
feed           a source, read in a thread
pace           how wide a hop must be for inference to keep up
tally          how it goes
records        the lines of the event log
formats        records as lines that other programs read
line_file      a file of lines, open: mended, rotated
files          records into files, whatever becomes of the disk
sinks          where else they go: several places at once, stdout
event_writer   events into the log, under its numbers
scores         frame scores kept without sound
score_files    the files they are in
entries        what is kept beside them, checked
replay         kept scores -> the log again
log            one log of several sources
reporter       one source -> records
worker         one source, in a thread of its own
runtime        the only wiring
command_line   what all commands share
settings       flags, environment, file and card: which one wins
options        the options of the commands
show_config    what came of them all
describe       a card in words
report         findings of an examination
sound_check    a few seconds of sound, judged
installation   versions, known troubles, speed
doctor         the examination
bench          sed-bench: how fast, how much
commands       sed-stream, sed-replay, sed-doctor, sed-info
"""
