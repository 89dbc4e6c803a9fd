"""How fast, how big, how steady, and what each part of the training is worth: `python -m benchmarks --help`.

arguments      what the parts of the command share
judging        the parts that judge what models report
timing         rounds of several subjects in one process
subjects       this project's models, streaming and not
peers          what other projects run
lineup         who takes part
operators      where the time goes
encoders       what pretrained encoders know of sounds
process        start-up, memory, a day without end
throughput     what a training step costs
variants       trainings that differ in one thing each
decoding       what they are worth, with the decoder's settings chosen for each
promises       whether false alarms stay within what was promised
nights         whether they do in the next night of a place
__main__       the command
"""
