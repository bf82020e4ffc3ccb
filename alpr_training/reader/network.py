"""PP-OCRv6-small's text reader as a PyTorch module, and its published weights put into it.

Here: the network, loading it from the ONNX file, writing it to one. Not here: training.
The network and the weights it starts from are PaddlePaddle's (PP-OCRv6, Apache-2.0); its 18,710 classes are cut down to
the 36 characters of plates and CTC's blank.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
N_CLASSES = 1 + len(CHARACTERS)  # class 0 is blank
HEIGHT, WIDTH = 48, 192  # of a crop; a step is 8 pixels wide
N_FEATURES = 120
_HEADS = 8

Array = NDArray[np.float32]


class TextReader(nn.Module):
    """(B, 3, 48, W) in −1…1, channels blue, green, red → (B, W / 8, classes) logits."""

    def __init__(self, n_classes: int = N_CLASSES) -> None:
        super().__init__()
        self.stem = Stem()
        self.body = nn.Sequential(
            Block(96, attend=24), Block(96), Block(96), Block(96, 192, stride=2),
            Block(192, attend=48), Block(192), Block(192, attend=48), Block(192),
            Block(192, attend=48), Block(192), Block(192, 384, stride=2),
            Block(384, attend=96), Block(384),
        )  # fmt: skip
        self.pool = nn.AvgPool2d((3, 2))
        self.skip = nn.Conv2d(384, N_FEATURES, 1)
        self.narrow = nn.Conv2d(384, N_FEATURES, 1)
        self.along = nn.Conv2d(N_FEATURES, N_FEATURES, (1, 7), padding=(0, 3), groups=N_FEATURES)
        self.mixers = nn.ModuleList([Mixer(), Mixer()])
        self.norm = nn.LayerNorm(N_FEATURES, eps=1e-6)
        self.head = nn.Linear(N_FEATURES, n_classes)

    def forward(self, crops: Tensor) -> Tensor:
        deep = self.pool(self.body(self.stem(crops)))
        skip = functional.silu(self.skip(deep))
        x = functional.silu(self.narrow(deep))
        x = (x + functional.silu(self.along(x))).squeeze(2).transpose(1, 2)
        for mixer in self.mixers:
            x = mixer(x)
        logits: Tensor = self.head(self.norm(x) + skip.squeeze(2).transpose(1, 2))
        return logits


class Stem(nn.Module):
    """Two halvings with a detour that pools in between."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 48, 3, stride=2, padding=1)
        self.left = nn.Conv2d(48, 24, 2)
        self.right = nn.Conv2d(24, 48, 2)
        self.halve = nn.Conv2d(96, 48, 3, stride=2, padding=1)
        self.widen = nn.Conv2d(48, 96, 1)

    def forward(self, crops: Tensor) -> Tensor:
        # ONNX's SAME_UPPER: one row and one column more, below and on the right.
        below = (0, 1, 0, 1)
        x = functional.relu(self.first(crops))
        detour = functional.relu(self.left(functional.pad(x, below)))
        detour = functional.relu(self.right(functional.pad(detour, below)))
        pooled = functional.max_pool2d(functional.pad(x, below), 2, stride=1)  # x ≥ 0: a rim of zeros is never the most
        x = functional.relu(self.halve(torch.cat([pooled, detour], 1)))
        return functional.relu(self.widen(x))


class Block(nn.Module):
    """Depthwise 3×3, attention over channels where asked, then two 1×1 over twice the channels."""

    def __init__(self, n_in: int, n_out: int | None = None, *, attend: int = 0, stride: int = 1) -> None:
        super().__init__()
        n_out = n_out or n_in
        self.spatial = nn.Conv2d(n_in, n_in, 3, stride=(stride, 1), padding=1, groups=n_in)
        self.squeeze = nn.Conv2d(n_in, attend, 1) if attend else None
        self.excite = nn.Conv2d(attend, n_in, 1) if attend else None
        self.expand = nn.Conv2d(n_in, 2 * n_in, 1)
        self.project = nn.Conv2d(2 * n_in, n_out, 1)
        self.is_residual = n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        x = self.spatial(x)
        if self.squeeze is not None and self.excite is not None:
            gate = self.excite(functional.relu(self.squeeze(x.mean((2, 3), keepdim=True))))
            x = x * torch.clamp(gate / 6 + 0.5, 0, 1)
        mixed: Tensor = self.project(functional.gelu(self.expand(x)))
        return x + mixed if self.is_residual else mixed


class Mixer(nn.Module):
    """A transformer's layer over the steps: attention with eight heads, then a feed-forward net."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(N_FEATURES, eps=1e-5)
        self.attention = nn.Linear(N_FEATURES, 3 * N_FEATURES)
        self.out = nn.Linear(N_FEATURES, N_FEATURES)
        self.norm2 = nn.LayerNorm(N_FEATURES, eps=1e-5)
        self.up = nn.Linear(N_FEATURES, 2 * N_FEATURES)
        self.down = nn.Linear(2 * N_FEATURES, N_FEATURES)

    def forward(self, x: Tensor) -> Tensor:
        split = self.attention(self.norm1(x)).unflatten(-1, (3, _HEADS, N_FEATURES // _HEADS)).permute(2, 0, 3, 1, 4)
        weight = torch.softmax(split[0] @ split[1].transpose(-1, -2) * (N_FEATURES // _HEADS) ** -0.5, -1)
        x = x + self.out((weight @ split[2]).transpose(1, 2).flatten(-2))
        grown: Tensor = x + self.down(functional.silu(self.up(self.norm2(x))))
        return grown


def pretrained(path: Path, *, all_classes: bool = False) -> TextReader:
    """The network with the weights of PP-OCRv6_rec_small.onnx.

    `all_classes` keeps the 18,710 classes of the file, for comparison with it.

    Raises
    ------
    ValueError : the file holds another network
    """
    graph = onnx.load(path)
    head, names = _head(graph)
    columns = list(range(len(names))) if all_classes else [0, *(names.index(c) for c in CHARACTERS)]
    network = TextReader(len(columns))
    modules = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    convolutions, linears = _folded(graph)
    ours = iter(_in_graph_order(network))
    try:
        with torch.no_grad():
            for weight, bias in [*convolutions, *linears]:
                module = next(ours)
                module.weight.copy_(torch.from_numpy(weight).reshape(module.weight.shape))
                module.bias.copy_(torch.from_numpy(bias))
            for norm, (scale, shift, eps) in zip(_norms(network), _layer_norms(graph), strict=True):
                norm.weight.copy_(torch.from_numpy(scale))
                norm.bias.copy_(torch.from_numpy(shift))
                norm.eps = eps
            network.head.weight.copy_(torch.from_numpy(head[0][:, columns].T.copy()))
            network.head.bias.copy_(torch.from_numpy(head[1][columns]))
    except (RuntimeError, StopIteration) as error:
        raise ValueError(f"{path} is not PP-OCRv6_rec_small: {error}") from error
    if len(modules) != len(convolutions) + len(linears) + 1:
        raise ValueError(f"{path} is not PP-OCRv6_rec_small: {len(modules)} layers against {len(convolutions)}")
    return network


def export(network: TextReader, path: Path) -> None:
    """Write the network with its softmax: "x" (n, 3, 48, 192) → "probabilities" (n, 24, 37)."""
    network = network.eval()
    with warnings.catch_warnings():
        # One slice of the attention is left for the runtime to fold; nothing else depends on it.
        warnings.filterwarnings("ignore", "Constant folding - Only steps=1", UserWarning)
        torch.onnx.export(
            nn.Sequential(network, nn.Softmax(-1)), (torch.zeros(1, 3, HEIGHT, WIDTH),), str(path), dynamo=False,
            input_names=["x"], output_names=["probabilities"], opset_version=17,
            dynamic_axes={"x": {0: "n"}, "probabilities": {0: "n"}},
        )  # fmt: skip


def describe(path: Path) -> None:
    """Write the inference.yml with which PaddleOCR's TextRecognition loads the export beside it.

    It takes crops of 192 × 48 pixels, the plate stretched to them: PaddleOCR would pad other proportions.
    """
    described = {
        "Global": {"model_name": "PP-OCRv6_small_rec"},
        "PreProcess": {
            "transform_ops": [
                {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}},
                {"RecResizeImg": {"image_shape": [3, HEIGHT, WIDTH]}},
            ]
        },
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": list(CHARACTERS)},
    }
    path.write_text(yaml.safe_dump(described, sort_keys=False), "utf-8")


def _in_graph_order(network: TextReader) -> Iterator[nn.Conv2d | nn.Linear]:
    for module in [*network.stem.children(), *network.body.modules(), network.skip, network.narrow, network.along]:
        if isinstance(module, nn.Conv2d):
            yield module
    for mixer in network.mixers:
        yield from (m for m in mixer.children() if isinstance(m, nn.Linear))


def _norms(network: TextReader) -> list[nn.LayerNorm]:
    return [m for m in network.modules() if isinstance(m, nn.LayerNorm)]


def _initialisers(graph: onnx.ModelProto) -> dict[str, Array]:
    return {i.name: np.asarray(numpy_helper.to_array(i)).copy() for i in graph.graph.initializer}


def _folded(graph: onnx.ModelProto) -> tuple[list[tuple[Array, Array]], list[tuple[Array, Array]]]:
    """Weights and biases of the convolutions, normalisation folded in, and of the linear layers but the last."""
    values, nodes = _initialisers(graph), [n for n in graph.graph.node if n.op_type != "Identity"]
    same = {n.output[0]: n.input[0] for n in graph.graph.node if n.op_type == "Identity"}

    def value(name: str) -> Array | None:
        while name in same:
            name = same[name]
        return values.get(name)

    convolutions, linears = [], []
    for node, after in pairwise(nodes):
        weight = value(node.input[1]) if node.op_type in {"Conv", "MatMul"} and len(node.input) > 1 else None
        if weight is None:
            continue
        if after.op_type == "BatchNormalization":
            scale, shift, mean, variance = (value(name) for name in after.input[1:5])
            assert scale is not None and shift is not None and mean is not None and variance is not None  # noqa: PT018
            factor = scale / np.sqrt(variance + 1e-5)
            convolutions.append((weight * factor.reshape(-1, 1, 1, 1), shift - mean * factor))
            continue
        bias = next(b for b in (value(name) for name in after.input) if b is not None).reshape(-1)
        if node.op_type == "Conv":
            convolutions.append((weight, bias))
        elif weight.shape[1] < 1000:
            linears.append((weight.T.copy(), bias))
    return convolutions, linears


def _layer_norms(graph: onnx.ModelProto) -> list[tuple[Array, Array, float]]:
    """Scale, shift and epsilon of the layer normalisations, which the file spells out in nine nodes each."""
    values, nodes = _initialisers(graph), [n for n in graph.graph.node if n.op_type != "Identity"]
    same = {n.output[0]: n.input[0] for n in graph.graph.node if n.op_type == "Identity"}

    def constant(node: onnx.NodeProto) -> Array:
        for name in node.input:
            root = name
            while root in same:
                root = same[root]
            if root in values:
                return values[root].reshape(-1)
        raise ValueError(f"{node.name} has no constant")

    roots = [i for i, node in enumerate(nodes) if node.op_type == "Sqrt"]
    return [(constant(nodes[i + 2]), constant(nodes[i + 3]), float(constant(nodes[i - 1])[0])) for i in roots]


def _head(graph: onnx.ModelProto) -> tuple[tuple[Array, Array], list[str]]:
    """The last layer's weight and bias, and the names of its classes, blank first."""
    values = _initialisers(graph)
    weight = next(v for v in values.values() if v.ndim == 2 and v.shape[1] > 1000)
    bias = next(v for v in values.values() if v.size == weight.shape[1])
    dictionary = next(p.value for p in graph.metadata_props if p.key == "character").split("\n")
    return (weight, bias.reshape(-1)), ["", *dictionary[: weight.shape[1] - 2], " "]
