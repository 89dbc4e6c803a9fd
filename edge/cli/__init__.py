"""The runtime's commands, a module for each.

stream         sed-stream: detects sound events in sources, and writes their log
replay         sed-replay: kept frame scores, decoded again
notify         sed-notify: which notifications a log leads to
info           sed-info: the card of a model file
doctor         sed-doctor: what is wrong, and what to do
command_line   what all commands of the project share: errors in one line, exit codes
options        the options of the runtime's commands
settings       settings from flags, environment, file and card, by precedence
decoding       labels and thresholds as the user chose them
log_sinks      the outputs of a log
model_again    the model of a run, read again on SIGHUP
"""
