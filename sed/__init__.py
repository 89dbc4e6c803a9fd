"""Training: labelled clips in, a checkpoint out. May import edge.

errors         its branch of the error tree
fields         dataclasses read from plain values
config         recipes: network, stream, decoder
training_config  recipes: scenes, augmentation, loss, optimiser
tables         tables with a header
labels         what tables say of files
layouts        labels of a folder, whatever its layout
birdcalls      those of Kaggle's bird recordings
folds          folds for files that have none
spans          stretches of a line, found and joined
borders        where in a clip something sounds
store          decoded audio, kept on disk
excerpts       where in a recording one label sounds alone
data           clips and labels from folders
inventory      what there is to learn from, as a table
synthetic      noise, equalisers, another speed
distractors    sounds made up that are no event
scene          what is laid where, with its truth
soundscapes    clips -> scenes
synth          scenes on disk
frontend       log-mel
model          the network
augment        augmentation of batches
losses         what a network is to say, and the loss of what it says
frame_metrics  figures of frame scores while it trains
training       one network in training
run            clips in, a trained network out
checkpoint     what a run leaves
watching       what TensorBoard shows besides curves
recordings     recordings with what is known of what they hold
listening      a model hears a recording, once
metrics        a log against its truth: event F1, segment F1, intersection F1; clip mAP
sweep          what the decoder would report at every threshold
curves         metrics that sweep a threshold: PSDS, precision against recall
matching       borders that are off, classes taken for others, rows of 5 s
evaluation     a model on whole recordings
summary        a report as text and plain values
pictures       scores, curves and confusion, drawn
report         a report as one page
candidates     how every setting of the decoder would do
tuning         which of them to take
places         where commands may write
commands       sed-train, sed-eval, sed-tune, sed-synth
"""
