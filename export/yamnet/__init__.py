"""YAMNet's 521 sounds as a model of this project's contract, made of its published weights.

`python -m export.yamnet convert` writes the file, `python -m export.yamnet thresholds` chooses its thresholds.

tensor_bundle  TensorFlow's weights, read without TensorFlow
network        YAMNet as published, in torch
graph          YAMNet as a graph of the contract: frames, context, state
sounds         its sounds: labels, ids, groups, settings of the decoder (general.toml)
convert        the model file
encoder        its vectors as a pretrained encoder for recipes
thresholds     chooses the thresholds of groups
"""
