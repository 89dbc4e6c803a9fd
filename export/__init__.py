"""The bridge: a checkpoint in, one ONNX file out. Imports sed and edge; nobody imports it.

errors         its branch of the error tree
graph          the network as one ONNX graph, in fp32 or fp16
quantize       the graph in eight bits
signals        sounds made up to compare graphs on
agreement      do two models hear the same
verify         does a file do on this machine what it promises
parity         does the file say what the network says
write          the file, card inside
frontends      the log-mel frontend in all its forms
yamnet         YAMNet's published weights as the shipped model `general`
cli            sed-export, sed-verify, sed-bench
"""
