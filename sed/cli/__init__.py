"""The commands of training, a module for each.

train          sed-train: labelled clips in, a checkpoint out
evaluate       sed-eval: how well a model hears recordings
tune           sed-tune: the decoder's settings, chosen on recordings
synth          sed-synth: scenes as training hears them, as files
arguments      kinds of arguments that they share
models         models that a command is given or leaves
places         where commands may write
"""
