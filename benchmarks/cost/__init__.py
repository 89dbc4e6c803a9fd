"""What things cost: a second of sound, a process, a source, a day, a step of training.

commands       the parts of the command
timing         rounds of several subjects in one process
subjects       this project's models, streaming and not
peers          what other projects run
lineup         who takes part
operators      where the time of a step goes
process        start-up, memory, a day without end
whole_process  CPU time of the whole process by kind of source, measured from outside
live_sources   the same of a camera, a radio and a microphone
throughput     what a training step costs
"""
