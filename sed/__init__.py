"""Training: labelled clips in, a checkpoint out. May import edge.

errors         its branch of the error tree
config         recipes
tables         tables with a header
labels         what tables say of files
layouts        labels of a folder, whatever its layout
birdcalls      those of Kaggle's bird recordings
folds          folds for files that have none
borders        where in a clip something sounds
store          decoded audio, kept on disk
data           clips and labels from folders
inventory      what there is to learn from, as a table
synthetic      noise beds and made-up distractors
soundscapes    clips -> scenes with their truth
synth          scenes on disk
frontend       log-mel
model          the network
augment        augmentation of log-mel spectrograms
losses         the training loss
training       the run
checkpoint     what it leaves
metrics        event F1 and segment F1
evaluation     a model on whole recordings
commands       sed-train, sed-eval, sed-synth
"""
