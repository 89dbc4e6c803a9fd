"""The commands of export, a module for each.

export         sed-export: a checkpoint in, one model file out
join           sed-join: several model files in, one that averages them out
verify         sed-verify: checks a model file on this machine
bench          sed-bench: the parts of `edge.bench`, and `frontend`, which needs torch
"""
