"""How fast, how big, how steady, and what each part of the training is worth: `python -m benchmarks --help`.

cost       what things cost
judging    what models report
arguments  what the parts of the command share

`__main__` is the command.
"""
