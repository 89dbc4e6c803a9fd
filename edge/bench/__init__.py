"""`sed-bench`: what runs where, how fast, and how much it can take. Nothing else of the runtime needs it.

machine        what was measured on
steps          the steps of models, in every combination
live           real time: how many sources, how soon
results        what was measured, as text, tables and pictures
cli            the command and its parts
"""
