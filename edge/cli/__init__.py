"""The runtime's commands, a module for each.

stream         sed-stream: sources in, a log of what was heard out
replay         sed-replay: frame scores that were kept, decoded again
info           sed-info: what a model file says of itself
doctor         sed-doctor: what is wrong, and what to do
command_line   what all commands of the project share: errors in one line, exit codes
options        the options of the runtime's commands
settings       flags, environment, file and card: which one wins
show_config    what came of them all
log_sinks      the places that a log goes to
"""
