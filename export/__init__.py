"""Exports a checkpoint to one ONNX file. Imports sed and edge; nothing imports it.

errors         errors of exporting
graph          the network as one ONNX graph, in fp32 or fp16
quantize       the graph in eight bits
signals        synthetic signals to compare graphs on
agreement      compares the scores and events of two models
verify         checks a model file on this machine
parity         compares an exported file with its checkpoint
write          writes the file, with the card inside
frontends      the log-mel frontend in all its forms
yamnet         YAMNet's published weights as the shipped model `general`
cli            sed-export, sed-verify, sed-bench
"""
