"""Training: labelled clips in, a checkpoint out. May import edge.

errors         its branch of the error tree
recipe         the settings of a training run
sounds         sounds that are made up
network        the network and its checkpoint
data           labelled clips from folders
scenes         the soundscapes that a network is trained on
evaluation     how well a model hears
tuning         the decoder's settings, chosen
report         figures as text, pictures and a page
training       the training of a network
cli            sed-train, sed-eval, sed-tune, sed-synth

A folder imports only from those above it in this list.
"""
