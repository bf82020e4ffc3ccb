"""Scenes to train on: pictures with the boxes, and where they are known the corners, of every plate in them.

Here: which plate goes where, and how it is lit. Not here: the plates' artwork, clutter, vehicles, the camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from alpr_training.detector import camera
from alpr_training.detector.clutter import draw_clutter, draw_texture
from alpr_training.detector.frames import Frame
from alpr_training.detector.paste import Canvas, Cutout, Floats, paste, rectangle, through, view
from alpr_training.detector.vehicles import HEIGHT as VEHICLE_HEIGHT
from alpr_training.detector.vehicles import WIDTH as VEHICLE_WIDTH
from alpr_training.detector.vehicles import Vehicle, draw_vehicle
from alpr_training.plates import draw_plate

CROP = (256, 352)  # height, width: small enough for fifty a second, large enough for a close-up
MIN_PLATE, MAX_PLATE = 14.0, 300.0
MIN_CONTRAST = 22.0  # greys within a plate; with the noise of most scenes, below it nobody sees one
KINDS = ("labelled", "slot", "vehicle", "anywhere")
SHARES = (0.22, 0.34, 0.20, 0.24)


@dataclass(frozen=True, slots=True)
class FlatPlate:
    """A rendered plate in grey, and its sheet's corners (4, 2) in those pixels."""

    cutout: Cutout
    corners: Floats


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture to train on.

    pixels : (H, W) uint8 grey
    boxes : (n, 4) float32 x0, y0, x1, y1 pixels, possibly reaching outside
    corners : (n, 4, 2) float32 pixels, NaN on plates that somebody labelled with a box only
    unsure : (m, 4) float32 pixels, boxes that may be plates
    """

    pixels: NDArray[np.uint8]
    boxes: Floats
    corners: Floats
    unsure: Floats


class Plates:
    """What has been put into one scene so far."""

    def __init__(self) -> None:
        self.boxes: list[Floats] = []
        self.corners: list[Floats] = []
        self.unsure: list[Floats] = []

    def add_box(self, box: Floats) -> None:
        self.boxes.append(box)
        self.corners.append(np.full((4, 2), np.nan, np.float32))

    def add_corners(self, corners: Floats) -> None:
        self.boxes.append(np.concatenate([corners.min(0), corners.max(0)]))
        self.corners.append(corners)

    def covers(self, low: Floats, high: Floats) -> bool:
        return any((low < box[2:]).all() and (high > box[:2]).all() for box in self.boxes)


def draw_flat_plate(rng: np.random.Generator) -> FlatPlate:
    """A plate in grey, by a random mixture of its colours: red light and infrared see other contrasts than we do."""
    drawn = draw_plate(rng)
    mixture = rng.dirichlet((1.2, 2, 1.2)).astype(np.float32)
    grey = np.clip(cv2.transform(drawn.pixels.astype(np.float32), mixture[None]), 0, 255)
    lot = rng.random()
    if lot < 0.06:
        grey = 255 - grey
    if lot > 0.94:
        # Motorbikes: as tall as the renderer's plates, but narrow.
        factor = rng.uniform(0.55, 0.8)
        grey = cv2.resize(grey, None, fx=factor, fy=1, interpolation=cv2.INTER_AREA)
        return FlatPlate(Cutout(grey.astype(np.uint8)), (drawn.corners * (factor, 1)).astype(np.float32))
    return FlatPlate(Cutout(grey.astype(np.uint8)), drawn.corners.astype(np.float32))


class SceneSampler:
    """Draws scenes without end from real frames, rendered plates, clutter and vehicles.

    Parameters
    ----------
    frames : of the training split
    n_plates, n_clutter, n_vehicles : how many of each are drawn beforehand; scenes pick among them
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        rng: np.random.Generator,
        *,
        n_plates: int = 3000,
        n_clutter: int = 1500,
        n_vehicles: int = 250,
    ) -> None:
        self.frames = frames
        self.rng = rng
        self.decoys = [(frame, box) for frame in frames for box in frame.decoys]
        self.plates = [draw_flat_plate(rng) for _ in range(n_plates)]
        self.clutter = [draw_clutter(rng) for _ in range(n_clutter)]
        self.vehicles = [draw_vehicle(rng) for _ in range(n_vehicles)]

    def sample(self) -> Scene:
        """One scene of `CROP` size."""
        kind = self.rng.choice(KINDS, p=SHARES)
        if kind == "labelled":
            canvas, plates = self._labelled()
        elif kind == "slot":
            canvas, plates = self._slot()
        elif kind == "vehicle":
            canvas, plates = self._vehicle()
        else:
            canvas, plates = self._anywhere()
        if self.rng.random() < 0.1 and kind == "labelled":
            canvas = 255 - canvas
        return _taken(canvas, plates, self.rng)

    def _labelled(self) -> tuple[Canvas, Plates]:
        """Real plates where they hang; most stretched upwards, so that European ones get American proportions."""
        rng, frame = self.rng, self._frame()
        width = self._plate_width(270)
        box = frame.boxes[int(rng.integers(len(frame.boxes)))]
        across = min(2.6, width * 1.3 / (box[2] - box[0]))
        taller = rng.uniform(0.8, 1.25) if rng.random() < 0.35 else rng.uniform(1.3, 2.4)
        if taller > 1.3:
            across /= np.sqrt(taller)
        # Barely turned: the labels are upright boxes, and would grow with every degree.
        matrix = self._to_crop((box[:2] + box[2:]) / 2, across, across * taller, turn=0.7)
        canvas, plates = self._scenery(frame, matrix, empty=False), Plates()
        for labelled in frame.boxes:
            quad = _moved(matrix, rectangle(*(labelled[2:] - labelled[:2])) + labelled[:2])
            plates.add_box(np.concatenate([quad.min(0), quad.max(0)]))
        for box in frame.unsure:
            quad = _moved(matrix, rectangle(*(box[2:] - box[:2])) + box[:2])
            plates.unsure.append(np.concatenate([quad.min(0), quad.max(0)]))
        for _ in range(int(rng.choice((0, 0, 0, 1, 2)))):
            self._clutter(canvas, plates)
        return canvas, plates

    def _slot(self) -> tuple[Canvas, Plates]:
        """Rendered plates over the labelled ones, lit as those were."""
        rng, frame = self.rng, self._frame()
        main = frame.boxes[int(rng.integers(len(frame.boxes)))]
        narrower = rng.uniform(0.5, 0.8)
        scale = min(4.5, self._plate_width() / ((main[2] - main[0]) * narrower))
        matrix = self._to_crop((main[:2] + main[2:]) / 2, scale, scale * rng.uniform(0.85, 1.2), turn=4)
        canvas, plates = self._scenery(frame, matrix, empty=True), Plates()
        self._disturb(canvas, plates)
        night = rng.random() < 0.12
        if night:
            canvas = camera.darkened(canvas, rng)
        for box in frame.boxes:
            quad = _moved(matrix, rectangle(*(box[2:] - box[:2])) + box[:2])
            x, y = quad.mean(0)
            seen = frame.pixels[int(box[1]) : int(box[3]) + 1, int(box[0]) : int(box[2]) + 1]
            paper = float(np.percentile(seen, 90)) if rng.random() < 0.6 and not night else None
            if rng.random() < 0.95:
                width = max(10.0, (quad[1, 0] - quad[0, 0]) * rng.uniform(0.9, 1.1) * narrower)
                self._plate(canvas, plates, (x, y), abs(width), paper=paper, blur=scale, night=night)
        return canvas, plates

    def _vehicle(self) -> tuple[Canvas, Plates]:
        """A drawn vehicle in a real scene, with a plate, an empty recess or nothing where the plate would be."""
        rng = self.rng
        canvas, plates = self._wandering()
        night = rng.random() < 0.15
        vehicle: Vehicle = self.vehicles[int(rng.integers(len(self.vehicles)))]
        x, y, slot_width = vehicle.slot
        scale = self._plate_width() / slot_width
        quad = view(rng, (0, 0), VEHICLE_WIDTH * scale, VEHICLE_HEIGHT * scale * rng.uniform(0.85, 1.15), 0.8)
        size = (VEHICLE_WIDTH, VEHICLE_HEIGHT)
        wanted = np.array([rng.uniform(0.15, 0.85) * CROP[1], rng.uniform(0.15, 0.85) * CROP[0]])
        quad = (quad + wanted - through(quad, size, np.array([(x, y)]))[0]).astype(np.float32)
        paste(canvas, vehicle.cutout, quad, gain=rng.uniform(0.4, 1.05), soften=rng.uniform(0, 0.9))
        if rng.random() < 0.5:
            self._clutter(canvas, plates)
        if night:
            canvas = camera.darkened(canvas, rng)
        if rng.random() < 0.88:
            flat = self._flat_plate()
            width, height = _size(flat.corners)
            tall = slot_width * height / width
            sheet = rectangle(slot_width, tall) + np.array((x - slot_width / 2, y - tall / 2))
            # The plate hangs nearly, not wholly, parallel to the bodywork.
            corners = through(quad, size, sheet) + rng.normal(0, 0.012, (4, 2)) * slot_width * scale
            self._draw(canvas, plates, flat, corners.astype(np.float32), night=night)
        return canvas, plates

    def _anywhere(self) -> tuple[Canvas, Plates]:
        """None to two plates wherever there is room: no surroundings may be needed to know a plate."""
        rng = self.rng
        canvas, plates = self._wandering()
        self._disturb(canvas, plates)
        night = rng.random() < 0.12
        if night:
            canvas = camera.darkened(canvas, rng)
        for _ in range(int(rng.choice((0, 0, 1, 1, 1, 2)))):
            x, y = rng.uniform(0.08, 0.92) * CROP[1], rng.uniform(0.08, 0.92) * CROP[0]
            width = self._plate_width()
            if rng.random() < 0.4:
                self._panel(canvas, x, y, width)
            self._plate(canvas, plates, (x, y), width, steepness=1.4, night=night)
        return canvas, plates

    def _plate(
        self,
        canvas: Canvas,
        plates: Plates,
        place: tuple[float, float],
        width: float,
        *,
        paper: float | None = None,
        blur: float = 1.0,
        night: bool = False,
        steepness: float = 1.0,
    ) -> None:
        flat = self._flat_plate()
        across, down = _size(flat.corners)
        corners = view(self.rng, place, width, width * down / across, steepness)
        # A plate in another's view would be a label that lies.
        if not plates.covers(corners.min(0) - 2, corners.max(0) + 2):
            self._draw(canvas, plates, flat, corners, paper=paper, blur=blur, night=night)

    def _draw(
        self,
        canvas: Canvas,
        plates: Plates,
        flat: FlatPlate,
        corners: Floats,
        *,
        paper: float | None = None,
        blur: float = 1.0,
        night: bool = False,
    ) -> None:
        """Put one plate with its sheet at `corners`, lit to suit.

        Parameters
        ----------
        paper : grey that the plate's bright parts should get; None for what light there is
        blur : how much the scene was enlarged; beyond 1 its pixels are soft, and so is the plate then
        night : the plate throws the light back, its surroundings do not
        """
        rng = self.rng
        cutout = Cutout(_lit(flat.cutout.pixels, rng))
        height, width = cutout.pixels.shape
        quad = cv2.perspectiveTransform(
            rectangle(width, height)[None], cv2.getPerspectiveTransform(flat.corners, corners)
        )[0]
        if paper is None:
            paper = self._light(canvas, corners, night=night)
        contrast = rng.uniform(0.55, 1)
        gain = min(1.6, max(8.0, paper) / max(60.0, float(np.percentile(cutout.pixels[::8, ::8], 85))))
        soften = max(0.0, blur - 1) * 0.45 * rng.uniform(0.5, 1) if rng.random() < 0.8 else 0.0
        if soften == 0 and rng.random() < 0.5:
            soften = rng.uniform(0.3, 0.9)
        paste(canvas, cutout, quad, gain=gain * contrast, lift=(1 - contrast) * paper * 0.85, soften=soften)
        if rng.random() < 0.1:
            self._hide(canvas, corners)
        plates.add_corners(corners)

    def _light(self, canvas: Canvas, corners: Floats, *, night: bool) -> float:
        """Grey of the plate's paper: of the surroundings' brightness, in deep shadow, or thrown back at the lamp."""
        rng, lot = self.rng, self.rng.random()
        if night:
            return rng.uniform(90, 330) if lot < 0.85 else rng.uniform(15, 60)
        if lot < 0.5:
            low, high = np.clip(corners.min(0) - 20, 0, None).astype(int), np.ceil(corners.max(0) + 20).astype(int)
            around = canvas[low[1] : high[1], low[0] : high[0]]
            return (float(around.mean()) if around.size else 100.0) + rng.uniform(0, 80)
        return rng.uniform(25, 90) if lot < 0.72 else rng.uniform(130, 300)

    def _hide(self, canvas: Canvas, corners: Floats) -> None:
        """A tow ball, a bumper's rim or a bracket over the plate's edge."""
        rng, low, high = self.rng, corners.min(0), corners.max(0)
        width = high[0] - low[0]
        middle = int(rng.uniform(low[0], high[0])), int(high[1] + rng.uniform(-0.04, 0.02) * width)
        axes = int(width * rng.uniform(0.04, 0.15)) + 1, int(width * rng.uniform(0.04, 0.12)) + 1
        cv2.ellipse(canvas, middle, axes, 0, 0, 360, rng.uniform(0, 120), -1)

    def _panel(self, canvas: Canvas, x: float, y: float, width: float) -> None:
        """A recess, a door or a bright board behind the plate."""
        rng = self.rng
        across, down = width * rng.uniform(1.1, 2.6) / 2, width * rng.uniform(0.5, 0.9) / 2
        x, y = x + rng.uniform(-0.1, 0.1) * width, y + rng.uniform(-0.12, 0.12) * width
        low, high = (int(x - across), int(y - down)), (int(x + across), int(y + down))
        cv2.rectangle(canvas, low, high, rng.uniform(0, 230), -1)
        if rng.random() < 0.5:
            cv2.rectangle(canvas, low, high, rng.uniform(0, 255), int(rng.integers(1, 4)))

    def _wandering(self) -> tuple[Canvas, Plates]:
        """Some part of a frame without its plates, sometimes where an earlier network went wrong."""
        rng = self.rng
        scale = float(np.exp(rng.uniform(np.log(0.3), np.log(2.2))))
        if self.decoys and rng.random() < 0.35:
            frame, box = self.decoys[int(rng.integers(len(self.decoys)))]
            centre = (box[:2] + box[2:]) / 2
        else:
            frame, centre = self._frame(), np.array((rng.uniform(0, 1280), rng.uniform(100, 720)), np.float32)
        matrix = self._to_crop(centre, scale, scale * rng.uniform(0.8, 1.25), turn=4)
        return self._scenery(frame, matrix, empty=True), Plates()

    def _disturb(self, canvas: Canvas, plates: Plates) -> None:
        rng = self.rng
        if rng.random() < 0.4:
            for _ in range(int(rng.integers(1, 4))):
                draw_texture(canvas, rng)
        for _ in range(int(rng.choice((0, 0, 1, 2, 3)))):
            self._clutter(canvas, plates)

    def _clutter(self, canvas: Canvas, plates: Plates) -> None:
        rng = self.rng
        cutout = self.clutter[int(rng.integers(len(self.clutter)))]
        width = float(np.exp(rng.uniform(np.log(20), np.log(240))))
        height = width * cutout.pixels.shape[0] / cutout.pixels.shape[1]
        quad = view(rng, (rng.uniform(0, CROP[1]), rng.uniform(0, CROP[0])), width, height)
        if not plates.covers(quad.min(0) - 2, quad.max(0) + 2):
            paste(canvas, cutout, quad, gain=rng.uniform(0.3, 1.1), lift=rng.uniform(0, 40))

    def _scenery(self, frame: Frame, matrix: NDArray[np.float64], *, empty: bool) -> Canvas:
        """A frame seen through `matrix`, in grey by a random mixture of its colours, float32."""
        rng = self.rng
        source, shown = (frame.empty if empty else frame.pixels), matrix
        if np.hypot(*matrix[:, 0]) < 0.7:
            source, shown = (frame.empty_half if empty else frame.pixels_half), matrix * (2, 2, 1)
        lot = rng.random()
        border = cv2.BORDER_CONSTANT if lot < 0.4 else cv2.BORDER_REFLECT_101 if empty else cv2.BORDER_REPLICATE
        warped = cv2.warpAffine(source, shown, CROP[::-1], borderMode=border)
        mixture = rng.dirichlet((1.2, 2, 1.2)).astype(np.float32)
        canvas = cv2.transform(warped.astype(np.float32), mixture[None]).reshape(CROP)
        if rng.random() < 0.6:
            canvas = np.clip((canvas - canvas.mean()) * rng.uniform(0.8, 2.4) + rng.uniform(60, 170), 0, 255)
        return 255 - canvas if empty and rng.random() < 0.12 else canvas

    def _to_crop(self, centre: Floats, across: float, down: float, turn: float) -> NDArray[np.float64]:
        """Affine matrix (2, 3) from a frame to the crop: scaled, half of them mirrored, turned by `turn` degrees sigma."""
        rng = self.rng
        mirror, angle = rng.choice((-1, 1)), np.radians(rng.normal(0, turn))
        c, s = np.cos(angle), np.sin(angle)
        linear = np.array([(c * across * mirror, -s * down), (s * across * mirror, c * down)])
        place = np.array([rng.uniform(0.1, 0.9) * CROP[1], rng.uniform(0.1, 0.9) * CROP[0]])
        return np.column_stack([linear, place - linear @ centre])

    def _frame(self) -> Frame:
        return self.frames[int(self.rng.integers(len(self.frames)))]

    def _flat_plate(self) -> FlatPlate:
        return self.plates[int(self.rng.integers(len(self.plates)))]

    def _plate_width(self, most: float = MAX_PLATE) -> float:
        return float(np.exp(self.rng.uniform(np.log(MIN_PLATE), np.log(most))))


def _taken(canvas: Canvas, plates: Plates, rng: np.random.Generator) -> Scene:
    """The finished scene; a plate that light and camera left invisible is none to be found."""
    pixels = camera.take(canvas, rng)
    smooth = cv2.blur(pixels, (3, 3))
    boxes = np.array(plates.boxes, np.float32).reshape(-1, 4)
    corners = np.array(plates.corners, np.float32).reshape(-1, 4, 2)
    seen = np.array([_contrast(smooth, box) >= MIN_CONTRAST for box in boxes], np.bool_)
    unsure = np.array([*plates.unsure, *boxes[~seen]], np.float32).reshape(-1, 4)
    return Scene(pixels, boxes[seen], corners[seen], unsure)


def _contrast(pixels: NDArray[np.uint8], box: Floats) -> float:
    """Between the brighter and the darker parts of a box, in greys; 0 outside the picture."""
    x0, y0, x1, y1 = (max(0, int(v)) for v in box)
    inside = pixels[y0 : y1 + 1, x0 : x1 + 1]
    return float(np.subtract(*np.percentile(inside, (92, 8)))) if inside.size else 0.0


def _lit(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light that falls unevenly on the plate: a gradient, the boot lid's shadow, a lamp's reflection."""
    height, width = pixels.shape
    light = np.ones((height, 1), np.float32)
    if rng.random() < 0.4:
        light *= np.linspace(rng.uniform(0.6, 1.1), rng.uniform(0.6, 1.1), height, dtype=np.float32)[:, None]
    if rng.random() < 0.2:
        light[: int(height * rng.uniform(0.08, 0.5))] *= rng.uniform(0.25, 0.7)
    lit = pixels * light
    if rng.random() < 0.08:
        spot = np.zeros((height, width), np.float32)
        middle = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.circle(spot, middle, int(rng.integers(10, 50)), rng.uniform(60, 200), -1)
        lit = lit + cv2.blur(spot, (41, 41))
    return np.clip(lit, 0, 255).astype(np.uint8)


def _moved(matrix: NDArray[np.float64], points: Floats) -> Floats:
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _size(corners: Floats) -> tuple[float, float]:
    """Width and height of an upright sheet."""
    return float(corners[1, 0] - corners[0, 0]), float(corners[3, 1] - corners[0, 1])
