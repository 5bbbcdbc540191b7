"""Drawing a planned scene: a background once, and on a copy of it what moves, frame by frame."""

import numpy as np

from dubaug.demo import pictures_nature, pictures_struck, pictures_vehicles
from dubaug.demo.plans import ScenePlan
from dubaug.demo.stage import SUPERSAMPLING, Brush, Stage


def draw(plan: ScenePlan, *, fps: float, height: int, width: int) -> np.ndarray:
    """Return a planned scene's frames, uint8 RGB (T, height, width, 3) with T = round(seconds * fps), at least 1."""
    makers = {**pictures_nature.PICTURES, **pictures_vehicles.PICTURES, **pictures_struck.PICTURES}
    stage = Stage(plan, height, width)
    paint = makers[plan.kind](stage)
    n_frames = max(round(plan.seconds * fps), 1)
    frames_THWC = np.empty((n_frames, height, width, 3), np.uint8)
    for number in range(n_frames):
        image = stage.background.copy()
        paint(Brush(image), number / fps)
        frames_THWC[number] = np.asarray(image.reduce(SUPERSAMPLING))
    return frames_THWC
