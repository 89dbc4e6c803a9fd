"""A model and reviews in, a better model out, or none: thresholds, a correction of the classifier; no torch.

errors       what can go wrong
solving      logistic regression with a prior, by Newton's method
examples     reviewed clips, as the model scores them
thresholds   new thresholds for an aim
correction   what is added to the scores' logits, fitted to the reviews
held_out     before and after on days that were held out
graph        a correction put into a model file
adapting     the stages: what is fitted, judged and written
command      sed-adapt

A module imports only from those above it in this list.
"""
