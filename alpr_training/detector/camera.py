"""What light and the camera do to a finished scene: shadow, night, exposure, blur, noise, compression, date stamps.

Here: grey pictures (H, W), float32 0 to 255 in, uint8 out. Not here: light on the plate alone.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.detector.clutter import lettering, words
from alpr_training.detector.paste import Canvas


def take(canvas: Canvas, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The scene as a camera records it."""
    shape = canvas.shape
    if rng.random() < 0.25:
        canvas = _shadowed(canvas, rng)
    if rng.random() < 0.4:
        # Most cameras choose the exposure: middling brightness, full contrast.
        gain = np.clip(rng.uniform(35, 70) / (canvas.std() + 1), 0.5, 4)
        canvas = (canvas - canvas.mean()) * gain + rng.uniform(75, 160)
    canvas = np.clip(canvas, 0, 255)
    if rng.random() < 0.5:
        canvas = 255 * (canvas / 255) ** np.exp(rng.uniform(-0.7, 0.6))
    if rng.random() < 0.07:
        # Little contrast: haze, rain, a sensor at its limits.
        canvas = canvas * rng.uniform(0.3, 0.7) + rng.uniform(0, 90)
    canvas = _blurred(canvas, rng)
    if rng.random() < 0.5:
        fine = rng.random() < 0.3
        grain = rng.standard_normal(shape if fine else (shape[0] // 2, shape[1] // 2), np.float32)
        canvas = canvas + cv2.resize(grain, shape[::-1]) * rng.uniform(1, 12)
    pixels = np.clip(canvas, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        _stamp(pixels, rng)
    if rng.random() < 0.4:
        _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 91))])
        pixels = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return pixels


def darkened(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """The scene at night or in infrared light, before the plate is put in: little of it is lit."""
    rows, columns = canvas.shape
    lit = np.exp(-((np.arange(columns) - rng.uniform(0, columns)) ** 2) / (2 * (columns * rng.uniform(0.2, 1)) ** 2))
    dark = canvas * (rng.uniform(0.05, 0.3) + rng.uniform(0, 0.35) * lit.astype(np.float32)[None])
    for _ in range(int(rng.integers(0, 4))):
        glow = np.zeros((rows, columns), np.float32)
        middle, size = (int(rng.integers(0, columns)), int(rng.integers(0, rows))), int(rng.integers(2, 22))
        cv2.ellipse(glow, middle, (size, int(size * rng.uniform(0.4, 1)) + 1), 0, 0, 360, 1.0, -1)
        dark += cv2.blur(glow, (size * 3, size * 3)) * rng.uniform(50, 200) + glow * 255
    return dark


def _shadowed(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    rows, columns = canvas.shape
    corners = np.stack([rng.uniform(-50, columns + 50, 4), rng.uniform(-50, rows + 50, 4)], 1).astype(np.int32)
    shade = np.zeros((rows, columns), np.float32)
    cv2.fillPoly(shade, [corners], 1.0)
    if rng.random() < 0.6:
        shade = cv2.blur(shade, (5, 5))
    return canvas * (1 - shade * rng.uniform(0.2, 0.8))


def _blurred(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    canvas, lot = canvas.astype(np.float32), rng.random()
    if lot < 0.4:
        return cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.3, 1.3))
    if lot < 0.52:
        length = int(rng.integers(3, 10))
        path = np.zeros((length, length), np.float32)
        cv2.line(path, (0, int(rng.integers(0, length))), (length - 1, int(rng.integers(0, length))), 1.0, 1)
        return cv2.filter2D(canvas, -1, path / path.sum())
    if lot < 0.62:
        factor = rng.uniform(0.4, 0.8)
        small = cv2.resize(canvas, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, canvas.shape[::-1])
    if lot < 0.72:
        # Sharpened, as phones and cameras for number plates do.
        return cv2.addWeighted(canvas, 1.8, cv2.GaussianBlur(canvas, (0, 0), 1.2), -0.8, 0)
    return canvas


def _stamp(pixels: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """The camera's own writing, along an edge."""
    rows, columns = pixels.shape
    mask = lettering(rng, words(rng, 4), rng.uniform(70, 250), rng.uniform(7, 18))
    y = int(rng.choice((2, rows - mask.shape[0] - 2)))
    x = int(rng.integers(0, columns - mask.shape[1]))
    region = pixels[y : y + mask.shape[0], x : x + mask.shape[1]]
    region[mask > 100] = int(rng.choice((255, 255, 0)))
