"""The commands of export, a module for each.

export         sed-export: a checkpoint in, one model file out
verify         sed-verify: a model file does on this machine what it promises
bench          sed-bench: the parts of `edge.bench`, and `frontend`, which needs torch
"""
