"""From trained weights to the files that are shipped: ONNX computing in fp32 and in int8, together under 6 MB.

Here: export, static quantisation and its calibration pictures. Not here: judging the result (`evaluate`).
"""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from alpr_training.detector.network import PlateNet
from alpr_training.detector.scenes import SceneSampler

FULL, SMALL = "detector.onnx", "detector_int8.onnx"
OPSET, N_CALIBRATION = 17, 96
MANY = 256  # smaller tensors, biases among them, are not worth a node


def export(net: PlateNet, folder: Path, sampler: SceneSampler) -> None:
    """Write `FULL` and `SMALL` into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        full = Path(scratch) / FULL
        export_full(net, full)
        quantise(full, folder / SMALL, sampler)
        store_weights_in_half(full, folder / FULL)


def export_full(net: PlateNet, path: Path) -> None:
    """Write `x` [1, 1, h, w] → `y` [1, 13, h/8, w/8], height and width free."""
    net = net.eval().to(memory_format=torch.contiguous_format)
    with warnings.catch_warnings():
        # The exporter that needs no further package calls itself legacy.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            (torch.zeros(1, 1, 384, 640),),
            str(path),
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {2: "h", 3: "w"}, "y": {2: "h8", 3: "w8"}},
            opset_version=OPSET,
            dynamo=False,
        )


def store_weights_in_half(full: Path, stored: Path) -> None:
    """Write a graph whose weights lie in the file as fp16 and are widened when it is loaded: half the bytes.

    onnxruntime folds the widening once, so that it computes in fp32 as before; a weight moves by 0.05% at most.
    """
    model = onnx.load(str(full))
    widened = []
    for weight in [w for w in model.graph.initializer if np.prod(w.dims) > MANY]:
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name + "_half")
        model.graph.initializer.remove(weight)
        model.graph.initializer.append(half)
        widened.append(helper.make_node("Cast", [half.name], [weight.name], to=TensorProto.FLOAT))
    for node in reversed(widened):
        model.graph.node.insert(0, node)
    onnx.checker.check_model(model)
    onnx.save(model, str(stored))


class _Calibration(CalibrationDataReader):
    def __init__(self, pictures: Iterator[np.ndarray]) -> None:
        self.pictures = pictures

    def get_next(self) -> dict[str, np.ndarray] | None:
        picture = next(self.pictures, None)
        return None if picture is None else {"x": (picture.astype(np.float32)[None, None] - 110) / 60}


def quantise(full: Path, small: Path, sampler: SceneSampler) -> None:
    """Weights and activations to int8, each output channel with its own scale; the last layer stays as it is."""
    pictures = (sampler.sample().pixels for _ in range(N_CALIBRATION))
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(full), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(small),
            _Calibration(pictures),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            # Thirteen channels of quite different meaning would share one scale of 256 steps.
            nodes_to_exclude=_last_layer(prepared),
        )


def _last_layer(path: Path) -> list[str]:
    graph = onnx.load(str(path)).graph
    return [node.name for node in graph.node if "y" in node.output]
