"""The images of a film: which steps are kept, how a path is drawn, and how small the file gets."""

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
# Drawn at a multiple of the size and scaled down, because Pillow draws lines with steps.
OVERSAMPLING = 3
MARGIN = 8
PAPER, FRAME, OLD, NEW = (246, 246, 242), (205, 205, 198), (196, 198, 200), (40, 44, 48)
Frame = TypeVar("Frame")


class FrameSampler(Generic[Frame]):
    """At most MOST_FRAMES frames, evenly spaced over an episode whose length nobody knows yet.

    Starts with every step; when there are too many, every second one goes, and so does every
    second one of those to come.
    """

    def __init__(self) -> None:
        self.every = 1
        self.kept: list[Frame] = []

    def wants(self, step: int) -> bool:
        """Whether the frame of this step is one to keep."""
        return step % self.every == 0

    def add(self, frame: Frame) -> None:
        """Keep the frame of a step that was wanted."""
        self.kept.append(frame)
        if len(self.kept) > MOST_FRAMES:
            self.kept = self.kept[::2]
            self.every *= 2


def draw_path(
    positions: NDArray[np.float64], low: tuple[float, float], high: tuple[float, float]
) -> tuple[list[Image.Image], int]:
    """A path (steps, 2) as frames that it grows over, and the steps from one to the next.

    The ends of the projection are the ends of the picture; what lies outside is drawn at its edge.
    """
    sampler: FrameSampler[int] = FrameSampler()
    for step in range(len(positions)):
        if sampler.wants(step):
            sampler.add(step)
    size = np.array(SIZE) * OVERSAMPLING
    margin = MARGIN * OVERSAMPLING
    span = np.array(high) - np.array(low)
    shares = ((positions - np.array(low)) / span).clip(0.0, 1.0)
    shares[:, 1] = 1.0 - shares[:, 1]
    points = margin + shares * (size - 2 * margin)
    return [_frame(points[: step + 1], margin) for step in sampler.kept], sampler.every


def _frame(points: NDArray[np.float64], margin: int) -> Image.Image:
    width, height = SIZE[0] * OVERSAMPLING, SIZE[1] * OVERSAMPLING
    image = Image.new("RGB", (width, height), PAPER)
    brush = ImageDraw.Draw(image)
    brush.rectangle((margin, margin, width - margin, height - margin), outline=FRAME, width=3)
    # Where an angle wraps around, the path goes on at the other side: no line across the picture.
    jump = np.array([width, height]) / 2
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
    """An endless film and its last image as WebP, the film of at most MOST_BYTES.

    Quality goes down until it fits; then every second frame goes.
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
        # The last image stays for a while, before the film begins again.
        duration=[*[MILLISECONDS] * (len(frames) - 1), 12 * MILLISECONDS],
        loop=0,
        quality=quality,
        method=4,
    )
    return stream.getvalue()
