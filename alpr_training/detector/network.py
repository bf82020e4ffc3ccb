"""The detector's network. Input and output are a contract with the code that runs the exported file.

Input  `x` (n, 1, H, W) float32, (grey - 110) / 60, H and W multiples of 32.
Output `y` (n, 13, H/8, W/8): heatmap logit; dx, dy; log w, log h; eight corner offsets. `grid` decodes it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

N_CHANNELS = 13


def _convolution(n_in: int, n_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions beside an identity."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.first = _convolution(n, n)
        self.second = nn.Sequential(nn.Conv2d(n, n, 3, 1, 1, bias=False), nn.BatchNorm2d(n))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


class PlateNet(nn.Module):
    """Plain convolutions to stride 32, a pyramid back to stride 8, one head; 1.4 million parameters.

    Nothing but 3×3 convolutions, ReLU and nearest-neighbour enlargement: int8 costs no accuracy and runs everywhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stage4 = nn.Sequential(_convolution(1, 16, 2), _convolution(16, 32, 2), _convolution(32, 32))
        self.stage8 = nn.Sequential(_convolution(32, 64, 2), Residual(64), Residual(64))
        self.stage16 = nn.Sequential(_convolution(64, 96, 2), Residual(96), Residual(96))
        self.stage32 = nn.Sequential(_convolution(96, 128, 2), Residual(128), Residual(128))
        self.lateral32 = nn.Conv2d(128, 64, 1)
        self.lateral16 = nn.Conv2d(96, 64, 1)
        self.lateral8 = nn.Conv2d(64, 64, 1)
        self.smooth16 = _convolution(64, 64)
        self.smooth8 = _convolution(64, 64)
        self.head = _convolution(64, 64)
        self.out = nn.Conv2d(64, N_CHANNELS, 1)
        with torch.no_grad():
            self.out.weight.mul_(0.1)
            # Few cells hold a plate (-4), and a first guess at its size is 36 × 20 px.
            self.out.bias.copy_(torch.tensor([-4.0, 0, 0, 1.5, 0.9] + [0.0] * 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """What `out` reads, (n, 64, H/8, W/8)."""
        at8 = self.stage8(self.stage4(x))
        at16 = self.stage16(at8)
        at32 = self.stage32(at16)
        up16 = self.smooth16(_doubled(self.lateral32(at32)) + self.lateral16(at16))
        up8 = self.smooth8(_doubled(up16) + self.lateral8(at8))
        return self.head(up8)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


# Module names of the first trial's network, in this one's order.
_TRIAL_NAMES = {
    "s4.": "stage4.", "s8.": "stage8.", "s16.": "stage16.", "s32.": "stage32.",
    "l32.": "lateral32.", "l16.": "lateral16.", "l8.": "lateral8.",
    "p16.": "smooth16.", "p8.": "smooth8.", "h.": "head.", "o.": "out.",
}  # fmt: skip


def start_from(net: PlateNet, weights: dict[str, Tensor]) -> int:
    """Copy an earlier network's weights where the shapes match; of `out` the rows it had. Returns how many."""
    own, n_copied = net.state_dict(), 0
    for theirs, value in weights.items():
        name = _renamed(theirs)
        if name not in own:
            continue
        if own[name].shape == value.shape:
            own[name].copy_(value)
        elif name.startswith("out.") and own[name].shape[1:] == value.shape[1:]:
            own[name][: value.shape[0]].copy_(value)
        else:
            continue
        n_copied += 1
    return n_copied


def _renamed(name: str) -> str:
    for old, new in _TRIAL_NAMES.items():
        if name.startswith(old):
            return new + name.removeprefix(old).replace(".a.", ".first.").replace(".b.", ".second.")
    return name
