"""Training: labelled clips in, a checkpoint out. May import edge.

errors         its branch of the error tree
config         recipes
data           clips and labels from folders
synthetic      noise beds and made-up distractors
soundscapes    clips -> scenes with their truth
frontend       log-mel
model          the network
augment        augmentation of log-mel spectrograms
losses         the training loss
training       the run
checkpoint     what it leaves
metrics        event F1 and segment F1
evaluation     a model on whole recordings
commands       sed-train, sed-eval
"""
