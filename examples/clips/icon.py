"""The page's icon: the bars of its masthead.

python -m examples.clips.icon --out app/page/icon.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw

SIZE, SCALE = 256, 4
BARS = ((3, 12, 8), (9, 7, 18), (15, 3, 26), (21, 9, 14), (27, 13, 6))
"""Left edge, top and height of each, of 34 by 32."""


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(prog="python -m examples.clips.icon", description="Draw the page's icon.")
    parser.add_argument("--out", type=Path, required=True, help="PNG file")
    image = Image.new("RGB", (SIZE * SCALE, SIZE * SCALE), (31, 104, 109))
    draw, unit = ImageDraw.Draw(image), SIZE * SCALE / 44
    for left, top, height in BARS:
        box = [unit * v for v in (left + 5.3, top + 6, left + 8.7, top + 6 + height)]
        draw.rounded_rectangle(box, 1.7 * unit, fill=(248, 247, 244))
    image.resize((SIZE, SIZE), Image.Resampling.BOX).save(parser.parse_args().out, optimize=True)


if __name__ == "__main__":
    main()
