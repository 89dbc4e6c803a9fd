"""The commands of training, one module for each.

train          sed-train: trains a detector on labelled clips, writes a checkpoint
evaluate       sed-eval: evaluates a model on recordings
tune           sed-tune: chooses the decoder's settings on recordings
quiet          sed-tune --quiet: thresholds for one place, without torch
synth          sed-synth: writes scenes, as training mixes them, to files
arguments      types of arguments that they share
models         models that a command reads or writes
output_paths   checks of the paths that a command will write to
"""
