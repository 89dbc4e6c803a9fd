"""`sed-bench`: speed of models and of the whole runtime on this machine. Nothing else of the runtime needs it.

machine        the machine that is measured, and the versions of packages
result         the form that all results share as JSON
steps          measures steps of models, in every combination
live           measures in real time: number of sources, latency
results        results as text, tables and pictures
cli            the command and its parts
"""
