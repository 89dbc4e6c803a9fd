"""Exports a checkpoint to one ONNX file. Imports sed and edge; nothing imports it.

errors         errors of exporting
graph          the network as one ONNX graph, in fp32 or fp16
quantize       the graph in eight bits
checks         checks of model files by the runtime alone, without torch
parity         compares an exported file with its checkpoint
write          writes the file, with the card inside
join           several models in one file
frontends      the log-mel frontend in all its forms
yamnet         YAMNet's published weights as the shipped model `general`
cli            sed-export, sed-join, sed-verify, sed-bench
"""
