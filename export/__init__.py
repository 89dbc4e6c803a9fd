"""The bridge: a checkpoint in, one ONNX file out. Imports sed and edge; nobody imports it.

errors         its branch of the error tree
graph          the network as one ONNX graph
parity         does the file say what the network says
write          the file, card inside
commands       sed-export
"""
