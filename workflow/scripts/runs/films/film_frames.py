"""The images of a film: choosing steps, drawing a path, and encoding to a small file."""

import io
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIZE = (240, 180)
MOST_FRAMES = 60
MOST_BYTES = 150_000
MILLISECONDS = 90
QUALITIES = (75, 60, 45, 30, 15)
# Drawn at a multiple of the size and scaled down, because Pillow does not anti-alias lines.
OVERSAMPLING = 3
MARGIN = 8
PAPER, FRAME, OLD, NEW = (246, 246, 242), (205, 205, 198), (196, 198, 200), (40, 44, 48)
Frame = TypeVar("Frame")


class FrameSampler(Generic[Frame]):
    """At most `most` frames, evenly spaced over an episode of unknown length.

    Starts with every step. When there are too many frames, every second one is dropped, and the
    spacing of later frames is doubled.
    """

    def __init__(self, most: int = MOST_FRAMES) -> None:
        self.most = most
        self.every = 1
        self.kept: list[Frame] = []

    def wants(self, step: int) -> bool:
        """Whether to keep the frame of this step."""
        return step % self.every == 0

    def add(self, frame: Frame) -> None:
        """Add the frame of a step for which `wants` is true."""
        self.kept.append(frame)
        if len(self.kept) > self.most:
            self.kept = self.kept[::2]
            self.every *= 2


def draw_path(
    positions: NDArray[np.float64], low: tuple[float, float], high: tuple[float, float]
) -> tuple[list[Image.Image], int]:
    """A path (steps, 2) as frames in which it grows, and the number of steps between frames.

    The picture shows the range of the projection; points outside are drawn at the edge. Where an
    angle wraps around, the line is interrupted instead of crossing the picture.
    """
    return _growing(positions, np.array(low), np.array(high), longest=0.5)


def draw_curve(heights: NDArray[np.float64]) -> tuple[list[Image.Image], int]:
    """A curve (steps,) over its steps as frames in which it grows, and the steps between frames.

    The picture shows all steps, and the range from the lowest to the highest value.
    """
    points = np.stack([np.arange(len(heights), dtype=np.float64), heights], axis=1)
    low, high = points.min(axis=0), points.max(axis=0)
    return _growing(points, low, np.where(high > low, high, low + 1.0), longest=np.inf)


def _growing(
    positions: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    longest: float,
) -> tuple[list[Image.Image], int]:
    """Frames of a path; lines longer than `longest`, as a share of the picture, are not drawn."""
    sampler: FrameSampler[int] = FrameSampler()
    for step in range(len(positions)):
        if sampler.wants(step):
            sampler.add(step)
    size = np.array(SIZE) * OVERSAMPLING
    margin = MARGIN * OVERSAMPLING
    shares = ((positions - low) / (high - low)).clip(0.0, 1.0)
    shares[:, 1] = 1.0 - shares[:, 1]
    points = margin + shares * (size - 2 * margin)
    return [_frame(points[: step + 1], margin, longest) for step in sampler.kept], sampler.every


def _frame(points: NDArray[np.float64], margin: int, longest: float) -> Image.Image:
    width, height = SIZE[0] * OVERSAMPLING, SIZE[1] * OVERSAMPLING
    image = Image.new("RGB", (width, height), PAPER)
    brush = ImageDraw.Draw(image)
    brush.rectangle((margin, margin, width - margin, height - margin), outline=FRAME, width=3)
    jump = np.array([width, height]) * longest
    for place, (start, end) in enumerate(pairwise(points)):
        age = (place + 1) / len(points)
        shade = tuple(round(old + (new - old) * age) for old, new in zip(OLD, NEW, strict=True))
        if not (np.abs(end - start) > jump).any():
            brush.line((*start, *end), fill=shade, width=OVERSAMPLING * 2)
    x, y = points[-1]
    radius = 4 * OVERSAMPLING
    brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=NEW)
    return image.resize(SIZE, Image.Resampling.LANCZOS)


def encode(frames: list[Image.Image]) -> tuple[bytes, bytes]:
    """A looping film of at most MOST_BYTES and its last image, both as WebP.

    Quality is reduced until the film fits; after that, every second frame is dropped.
    """
    still = io.BytesIO()
    frames[-1].save(still, format="WEBP", quality=QUALITIES[0])
    while True:
        for quality in QUALITIES:
            film = _encoded(frames, quality)
            if len(film) <= MOST_BYTES or len(frames) == 1:
                return film, still.getvalue()
        frames = frames[::2]


def _encoded(frames: list[Image.Image], quality: int) -> bytes:
    stream = io.BytesIO()
    frames[0].save(
        stream,
        format="WEBP",
        save_all=True,
        append_images=frames[1:],
        # The last image stays for a while before the film repeats.
        duration=[*[MILLISECONDS] * (len(frames) - 1), 12 * MILLISECONDS],
        loop=0,
        quality=quality,
        method=4,
    )
    return stream.getvalue()
