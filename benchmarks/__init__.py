"""How fast, how big, how steady: `python -m benchmarks --help`.

timing         rounds of several subjects in one process
subjects       this project's models, streaming and not
peers          what other projects run
lineup         who takes part
operators      where the time goes
process        start-up, memory, a day without end
__main__       the command
"""
