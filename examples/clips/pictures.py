"""Three little scenes, drawn anew for each moment: a harbour, a street at night, balloons."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SCALE = 2
"""Everything is drawn this much larger, for smooth edges."""
WIDE, UPRIGHT = (640, 360), (360, 640)
Colour = tuple[int, int, int]


class Canvas:
    """A picture in units of the finished one."""

    def __init__(self, size: tuple[int, int], stops: tuple[tuple[float, Colour], ...]) -> None:
        self.size = size
        self.image = _gradient(size, stops).copy()
        self.draw = ImageDraw.Draw(self.image)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        self.draw.polygon([(SCALE * x, SCALE * y) for x, y in points], fill=colour)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0) -> None:
        """A filled rectangle."""
        edges = (SCALE * x, SCALE * y, SCALE * (x + width), SCALE * (y + height))
        self.draw.rounded_rectangle(edges, SCALE * radius, fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A filled circle."""
        self.draw.ellipse([SCALE * v for v in (x - radius, y - radius, x + radius, y + radius)], fill=colour)

    def line(self, points: list[tuple[float, float]], colour: Colour, width: float) -> None:
        """A line."""
        self.draw.line(
            [(SCALE * x, SCALE * y) for x, y in points], fill=colour, width=round(SCALE * width), joint="curve"
        )

    def hills(self, base: float, heights: tuple[float, float], colour: Colour, shift: float, seed: int) -> None:
        """Hills from edge to edge, down to the bottom."""
        width, height = self.size
        xs = np.arange(0, width + 9, 8)
        ys = base - heights[0] * np.sin((xs + shift) / 97 + seed) - heights[1] * np.sin((xs + shift) / 41 + 2 * seed)
        self.shape([(0, height), *zip(xs.tolist(), ys.tolist(), strict=True), (width, height)], colour)

    def done(self) -> Image.Image:
        """The picture at its own size."""
        return self.image.resize(self.size, Image.Resampling.BOX)


@cache
def _gradient(size: tuple[int, int], stops: tuple[tuple[float, Colour], ...]) -> Image.Image:
    ys = np.linspace(0, 1, SCALE * size[1])
    places, colours = zip(*stops, strict=True)
    rows = np.stack([np.interp(ys, places, [colour[c] for colour in colours]) for c in range(3)], axis=-1)
    return Image.fromarray(np.repeat(rows[:, None].round().astype(np.uint8), SCALE * size[0], axis=1))


def harbour(time: float) -> Image.Image:
    """Sunrise over the sea; from 8 to 13.6 s the boat alone, close by."""
    return _boat_close(time) if 8 <= time < 13.6 else _sea(time)


SUNRISE = (
    (0.0, (52, 66, 110)),
    (0.38, (226, 134, 108)),
    (0.56, (250, 206, 140)),
    (0.561, (74, 104, 132)),
    (1.0, (22, 40, 66)),
)


def _sea(time: float) -> Image.Image:
    canvas = Canvas(WIDE, SUNRISE)
    sun = 196 - 3.4 * time
    canvas.disc(430, sun, 34, (255, 240, 190))
    canvas.shape([(0, 202), (0, 150), (90, 128), (170, 168), (250, 186), (300, 202)], (98, 84, 116))
    canvas.shape([(0, 202), (0, 176), (60, 160), (150, 190), (190, 202)], (66, 62, 96))
    canvas.box(58, 120, 12, 44, (236, 232, 224), 2)
    canvas.box(56, 112, 16, 10, (196, 70, 62), 3)
    canvas.box(0, 202, 640, 158, (46, 78, 108))
    for row in range(16):
        y, sway = 206 + row * row * 0.62, 9 * math.sin(1.3 * time + row)
        canvas.box(
            430 + sway - 26 - 3 * row,
            y,
            52 + 6 * row * (0.7 + 0.3 * math.sin(2.1 * time + 2 * row)),
            2 + row * 0.16,
            (250, 206, 140),
            1,
        )
    for row in range(9):
        y = 214 + row * row * 1.9
        for column in range(8):
            x = (column * 97 + row * 41 + 14 * time * (1 + row / 5)) % 720 - 40
            canvas.box(x, y, 26 + 3 * row, 1.6 + row * 0.2, (84, 122, 148), 1)
    _boat(canvas, 60 + 21 * time, 236 + 2.5 * math.sin(1.9 * time), 1.0, 0.05 * math.sin(1.4 * time))
    for number in range(4):
        x, flap = 520 - 17 * time + 46 * number, 7 * math.sin(6 * time + number)
        y = 70 + 16 * number + 5 * math.sin(time + number)
        canvas.line([(x - 11, y - flap), (x, y), (x + 11, y - flap)], (54, 50, 74), 2.2)
    return canvas.done()


def _boat_close(time: float) -> Image.Image:
    canvas = Canvas(
        WIDE, ((0.0, (118, 110, 140)), (0.5, (244, 176, 128)), (0.66, (252, 216, 160)), (1.0, (252, 216, 160)))
    )
    canvas.disc(150, 170 - 3 * (time - 8), 54, (255, 244, 206))
    _boat(canvas, 330, 262 + 8 * math.sin(1.7 * time), 3.1, 0.09 * math.sin(1.25 * time))
    for layer, colour in enumerate(((70, 104, 132), (50, 82, 112), (30, 56, 84))):
        xs = np.arange(0, 649, 8)
        ys = 262 + 30 * layer + (9 + 3 * layer) * np.sin(xs / (58 + 12 * layer) + (1.6 + 0.5 * layer) * time + layer)
        canvas.shape([(0, 360), *zip(xs.tolist(), ys.tolist(), strict=True), (640, 360)], colour)
    return canvas.done()


def _boat(canvas: Canvas, x: float, y: float, size: float, tilt: float) -> None:
    def at(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        cos, sin = math.cos(tilt), math.sin(tilt)
        return [(x + size * (px * cos - py * sin), y + size * (px * sin + py * cos)) for px, py in points]

    canvas.shape(at([(-34, 0), (34, -2), (24, 13), (-25, 13)]), (122, 52, 46))
    canvas.shape(at([(-34, 0), (34, -2), (33, 2), (-33, 4)]), (238, 226, 206))
    canvas.line(at([(-2, 0), (-2, -64)]), (70, 48, 40), 2.2 * size**0.7)
    canvas.shape(at([(1, -62), (1, -6), (34, -6)]), (250, 246, 236))
    canvas.shape(at([(-5, -56), (-5, -6), (-28, -6)]), (222, 206, 186))


def street(time: float) -> Image.Image:
    """A city at night: its skyline, from 5 s lights behind rain, from 9.5 s a tram."""
    if time < 5:
        return _skyline(time)
    return _rain(time) if time < 9.5 else _tram(time)


NIGHT = ((0.0, (12, 18, 44)), (0.55, (58, 46, 92)), (0.78, (150, 84, 104)), (1.0, (150, 84, 104)))


@cache
def _towers() -> list[tuple[float, float, float, list[tuple[int, int, float]]]]:
    rng, x, towers = np.random.default_rng(3), -10.0, []
    while x < 660:
        width, height = rng.uniform(34, 70), rng.uniform(70, 200)
        lit = [
            (column, row, float(rng.uniform(0, 40)))
            for row in range(int(height // 13) - 1)
            for column in range(int(width // 11) - 1)
            if rng.random() < 0.42
        ]
        towers.append((x, width, height, lit))
        x += width + rng.uniform(-4, 7)
    return towers


def _skyline(time: float) -> Image.Image:
    canvas = Canvas(WIDE, NIGHT)
    canvas.disc(520, 66, 24, (246, 238, 214))
    canvas.hills(250, (22, 10), (40, 34, 74), 10 * time, 1)
    for x, width, height, lit in _towers():
        left = x - 5 * time
        canvas.box(left, 292 - height, width, height, (22, 24, 52))
        for column, row, switch in lit:
            on = math.sin(0.8 * time + switch) > -0.7
            canvas.box(left + 7 + 11 * column, 300 - height + 13 * row, 5, 7, (250, 204, 122) if on else (40, 42, 74))
    canvas.box(0, 292, 640, 68, (28, 28, 44))
    canvas.box(0, 324, 640, 2, (92, 90, 112))
    for number in range(5):
        x = (number * 170 + 118 * time) % 800 - 80
        _car(canvas, x, 304, (252, 240, 200), (214, 58, 60), 1)
        x = 720 - (number * 190 + 96 * time) % 820
        _car(canvas, x, 334, (252, 240, 200), (214, 58, 60), -1)
    return canvas.done()


def _car(canvas: Canvas, x: float, y: float, front: Colour, back: Colour, way: int) -> None:
    canvas.box(x - 22, y, 44, 11, (72, 78, 112), 4)
    canvas.box(x - 11, y - 8, 24, 10, (110, 120, 156), 4)
    canvas.disc(x - 13, y + 11, 4.5, (14, 14, 24))
    canvas.disc(x + 13, y + 11, 4.5, (14, 14, 24))
    canvas.disc(x + 22 * way, y + 5, 3, front)
    canvas.disc(x - 22 * way, y + 5, 2.4, back)


@cache
def _lights() -> list[tuple[float, float, float, Colour]]:
    rng = np.random.default_rng(4)
    colours: tuple[Colour, ...] = ((250, 190, 110), (236, 96, 92), (120, 200, 214), (250, 232, 190), (180, 130, 220))
    return [
        (float(rng.uniform(-60, 760)), float(rng.uniform(60, 300)), float(rng.uniform(14, 34)), colours[k % 5])
        for k in range(30)
    ]


def _rain(time: float) -> Image.Image:
    canvas = Canvas(WIDE, ((0.0, (16, 20, 40)), (1.0, (36, 30, 58))))
    for x, y, radius, colour in _lights():
        dim = 0.5 + 0.16 * math.sin(1.4 * time + x)
        shade = (int(colour[0] * dim), int(colour[1] * dim), int(colour[2] * dim))
        canvas.disc((x - 26 * (time - 5) * radius / 24) % 760 - 60, y, radius, shade)
    canvas.image = canvas.image.filter(ImageFilter.GaussianBlur(5))
    canvas.draw = ImageDraw.Draw(canvas.image)
    for number in range(42):
        x = (number * 67.3) % 640
        y = (number * 131.7 + (34 + 46 * (number % 4)) * (time - 5)) % 400 - 20
        canvas.box(x, y, 2.6, 9 + 4 * (number % 4), (150, 170, 204), 1.3)
    return canvas.done()


def _tram(time: float) -> Image.Image:
    canvas = Canvas(WIDE, ((0.0, (30, 40, 78)), (0.7, (102, 84, 120)), (1.0, (102, 84, 120))))
    walls: tuple[Colour, ...] = ((86, 66, 84), (66, 74, 96), (98, 80, 74), (74, 62, 92))
    for number in range(7):
        x = number * 96 - 12
        canvas.box(x, 60 + 18 * (number % 3), 92, 250, walls[number % 4])
        for row in range(3):
            for column in range(3):
                lit = (number * 5 + row * 3 + column * 7) % 4 != 0
                colour = (248, 206, 128) if lit else (46, 46, 66)
                canvas.box(x + 13 + 25 * column, 84 + 18 * (number % 3) + 50 * row, 15, 26, colour, 2)
    canvas.box(0, 292, 640, 68, (40, 38, 52))
    canvas.line([(0, 96), (640, 96)], (24, 26, 40), 1.4)
    x = 700 - 252 * (time - 9.7)
    canvas.line([(x + 120, 178), (x + 140, 96)], (24, 26, 40), 2)
    canvas.box(x, 178, 300, 116, (204, 74, 62), 12)
    canvas.box(x, 262, 300, 22, (238, 226, 206))
    for column in range(5):
        canvas.box(x + 16 + 56 * column, 196, 46, 46, (255, 236, 178), 5)
        head = x + 38 + 56 * column
        canvas.disc(head, 222, 8, (96, 76, 88))
        canvas.box(head - 11, 229, 22, 13, (96, 76, 88), 5)
    for wheel in (44, 100, 206, 260):
        canvas.disc(x + wheel, 296, 11, (26, 26, 36))
    canvas.box(0, 306, 640, 3, (110, 106, 122))
    for number in range(3):
        walker = (number * 230 + 40 * time) % 720 - 40
        swing = 5 * math.sin(12 * time + number)
        canvas.line([(walker, 318), (walker - swing, 344)], (22, 22, 34), 4)
        canvas.line([(walker, 318), (walker + swing, 344)], (22, 22, 34), 4)
        canvas.box(walker - 7, 290, 14, 31, ((60, 92, 120), (150, 96, 72), (92, 112, 84))[number], 6)
        canvas.disc(walker, 284, 6.5, (214, 172, 146))
    return canvas.done()


def balloons(time: float) -> Image.Image:
    """Balloons over hills in the morning, upright as from a phone."""
    canvas = Canvas(UPRIGHT, ((0.0, (112, 170, 206)), (0.6, (238, 216, 190)), (1.0, (250, 226, 190))))
    canvas.disc(290, 130, 30, (255, 246, 214))
    canvas.hills(470, (26, 12), (146, 164, 160), 8 * time, 1)
    canvas.hills(520, (30, 14), (104, 138, 126), 16 * time, 2)
    canvas.hills(580, (24, 16), (66, 102, 92), 30 * time, 4)
    kinds = ((120, 360, 1.25, (206, 78, 70)), (262, 440, 0.8, (236, 176, 84)), (60, 520, 0.6, (84, 122, 168)))
    for number, (x, y, size, colour) in enumerate(kinds):
        _balloon(canvas, x + 9 * math.sin(0.7 * time + number), y - (26 - 6 * number) * time, size, colour)
    return canvas.done()


def _balloon(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    light = (min(255, colour[0] + 42), min(255, colour[1] + 42), min(255, colour[2] + 42))
    canvas.shape(
        [
            (x - 40 * size, y + 14 * size),
            (x + 40 * size, y + 14 * size),
            (x + 9 * size, y + 74 * size),
            (x - 9 * size, y + 74 * size),
        ],
        colour,
    )
    canvas.disc(x, y, 44 * size, colour)
    for half, shade in ((26, light), (9, colour)):
        edges = [SCALE * v for v in (x - half * size, y - 44 * size, x + half * size, y + 44 * size)]
        canvas.draw.ellipse(edges, fill=shade)
        canvas.shape(
            [
                (x - half * size, y + 6 * size),
                (x + half * size, y + 6 * size),
                (x + half / 4 * size, y + 74 * size),
                (x - half / 4 * size, y + 74 * size),
            ],
            shade,
        )
    for side in (-1, 1):
        canvas.line(
            [(x + 8 * side * size, y + 74 * size), (x + 7 * side * size, y + 92 * size)], (92, 70, 58), 1.6 * size
        )
    canvas.box(x - 10 * size, y + 92 * size, 20 * size, 14 * size, (140, 98, 66), 3 * size)
