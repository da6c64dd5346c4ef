"""Drawing lines over two logarithmic axes as SVG, which GitHub shows and nothing has to be installed for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 64, 48, 40, 150
COLOURS = ("#1b7f4d", "#b3541e", "#3757a6")


@dataclass(frozen=True)
class Line:
    """What is drawn in one colour."""

    name: str
    """What it is."""
    points: Sequence[tuple[float, float]]
    """Both above 0."""


def svg(title: str, x_name: str, y_name: str, lines: Sequence[Line]) -> str:
    """Draw.

    Args:
        title: over the plot.
        x_name: what is told from left to right.
        y_name: what is told upwards.
        lines: at least one, with at least one point each.
    Returns:
        An SVG document.
    """
    xs, ys = (_decades([point[axis] for line in lines for point in line.points]) for axis in (0, 1))
    drawn = [*_frame(title, x_name, y_name, xs, ys), *_lines(lines, xs, ys)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12" fill="#222">'
    )
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>', *drawn, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that enclose some numbers."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _x(value: float, decades: tuple[int, int]) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - decades[0]) / (decades[1] - decades[0])


def _y(value: float, decades: tuple[int, int]) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (math.log10(value) - decades[0]) / (decades[1] - decades[0])


def _frame(title: str, x_name: str, y_name: str, xs: tuple[int, int], ys: tuple[int, int]) -> Iterator[str]:
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    yield f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>'
    for power in range(xs[0], xs[1] + 1):
        x = _x(10.0**power, xs)
        yield f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{floor}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{floor + 16}" text-anchor="middle">{10.0**power:g}</text>'
    for power in range(ys[0], ys[1] + 1):
        y = _y(10.0**power, ys)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#ddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    yield f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_name)}</text>'
    middle = (TOP + floor) / 2
    yield f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>'


def _lines(lines: Sequence[Line], xs: tuple[int, int], ys: tuple[int, int]) -> Iterator[str]:
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = [(_x(x, xs), _y(y, ys)) for x, y in line.points]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in points:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        at = TOP + 16 + 20 * number
        yield f'<rect x="{WIDTH - RIGHT + 12}" y="{at - 9}" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{WIDTH - RIGHT + 28}" y="{at}">{escape(line.name)}</text>'
