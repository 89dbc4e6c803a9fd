import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from edge.model import Floats
from export.errors import SourceModelError
from export.yamnet.convert import with_byte_weights
from export.yamnet.encoder import YamNetEncoder, encoder_to_onnx
from export.yamnet.network import CLASSES, PATCH_SAMPLES, LogMel, load_yamnet, mel_matrix

NAME = "layer-1/layer/_func/_yamnet/layer_with_weights-{}/{}/.ATTRIBUTES/VARIABLE_VALUE"
LAYERS = [(1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), *[(1, 512)] * 5, (2, 1024), (1, 1024)]  # published


def random_tensors() -> dict[str, Floats]:
    """Weights with the names and shapes of TensorFlow's, small enough that nothing overflows."""
    rng, width, shapes = np.random.default_rng(2), 32, {NAME.format(0, "kernel"): (3, 3, 1, 32)}
    for layer, (_, wider) in enumerate(LAYERS):
        shapes[NAME.format(4 * layer + 2, "depthwise_kernel")] = (3, 3, width, 1)
        shapes[NAME.format(4 * layer + 4, "kernel")] = (1, 1, width, wider)
        width = wider
    shapes |= {NAME.format(54, "kernel"): (1024, CLASSES), NAME.format(54, "bias"): (CLASSES,)}
    tensors = {name: rng.standard_normal(shape).astype(np.float32) / 3 for name, shape in shapes.items()}
    for name, kernel in list(tensors.items()):
        index = int(name.split("-")[2].split("/")[0])
        size = kernel.shape[2] if "depthwise" in name else kernel.shape[-1]
        if index < 54:
            for part, low in (("moving_mean", -1.0), ("beta", -1.0), ("moving_variance", 0.5)):
                tensors[NAME.format(index + 1, part)] = rng.uniform(low, 1.5, size).astype(np.float32)
    return tensors


def published(tensors: dict[str, Floats], x: Tensor) -> Tensor:
    """YAMNet written once more, layer by layer, with TensorFlow's padding and batch norms of their own."""

    def convolved(x: Tensor, layer: int, kind: str, stride: int) -> Tensor:
        kernel = torch.from_numpy(tensors[NAME.format(layer, kind)])
        depthwise = kind == "depthwise_kernel"
        size = kernel.shape[0]
        for axis in (3, 2):  # SAME: as many outputs as strides fit, the odd sample at the end
            total = max((-(-x.shape[axis] // stride) - 1) * stride + size - x.shape[axis], 0)
            x = F.pad(x, (total // 2, total - total // 2) if axis == 3 else (0, 0, total // 2, total - total // 2))
        x = F.conv2d(
            x, kernel.permute(2, 3, 0, 1) if depthwise else kernel.permute(3, 2, 0, 1), None, stride, 0, 1,
            kernel.shape[2] if depthwise else 1,
        )  # fmt: skip
        mean, variance, beta = (
            torch.from_numpy(tensors[NAME.format(layer + 1, part)])
            for part in ("moving_mean", "moving_variance", "beta")
        )
        return F.relu(F.batch_norm(x, mean, variance, None, beta, eps=1e-4))

    x = convolved(x.unsqueeze(1), 0, "kernel", 2)
    for layer, (stride, _) in enumerate(LAYERS):
        x = convolved(x, 4 * layer + 2, "depthwise_kernel", stride)
        x = convolved(x, 4 * layer + 4, "kernel", 1)
    kernel, bias = (torch.from_numpy(tensors[NAME.format(54, part)]) for part in ("kernel", "bias"))
    return x.mean(dim=(2, 3)) @ kernel + bias


def test_the_network_is_the_published_one() -> None:
    """Batch norms folded and padding by hand give what the layers give one by one."""
    tensors = random_tensors()
    patches = torch.from_numpy(np.random.default_rng(3).standard_normal((2, 96, 64)).astype(np.float32))
    with torch.no_grad():
        expected, actual = published(tensors, patches), load_yamnet(tensors)(patches)
    assert float((expected - actual).abs().max()) <= 1e-4 * float(expected.abs().max())


def test_the_spectrogram_is_the_published_one() -> None:
    """The folded DFT gives the magnitudes of a plain one of 512 points, behind a periodic Hann window of 400."""
    audio = torch.from_numpy(np.random.default_rng(4).standard_normal((2, 240 + 160 * 20)).astype(np.float32))
    frames = audio.unfold(1, 400, 160) * torch.hann_window(400, periodic=True)
    expected = torch.log(torch.fft.rfft(frames, 512).abs() @ mel_matrix().float() + 0.001)
    assert float((expected - LogMel()(audio)).abs().max()) <= 1e-5


def test_other_weights_are_refused() -> None:
    """A tensor that is missing, and one of another shape, are named."""
    tensors = random_tensors()
    name = NAME.format(54, "kernel")
    with pytest.raises(SourceModelError, match="not the weights of YAMNet"):
        load_yamnet({**tensors, name: tensors[name][:, :520]})
    del tensors[name]
    with pytest.raises(SourceModelError, match="layer_with_weights-54/kernel"):
        load_yamnet(tensors)


@pytest.mark.slow
def test_its_vectors_are_an_encoders_file() -> None:
    """With the classifier's layer on top they are the logits; weights in bytes give nearly the same."""
    network = load_yamnet(random_tensors())
    proto = encoder_to_onnx(YamNetEncoder(network))
    audio = 0.1 * torch.randn(2, PATCH_SAMPLES, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        logits = network(LogMel()(audio))
        for made, tolerance in ((proto, 1e-4), (with_byte_weights(proto), 0.2)):
            session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
            vectors = torch.from_numpy(session.run(["embedding"], {"audio": audio.numpy()})[0])
            scale = float(logits.abs().max())
            torch.testing.assert_close(network.classify(vectors) / scale, logits / scale, atol=tolerance, rtol=0)
