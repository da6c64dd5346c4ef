"""Stills to words by LLaVA on replicate.com, with Audiv's parameters; paid, and the stills leave the machine."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.engines.replicate_api import DEFAULT_BASE_URL, ReplicateApi
from riffusion_inference.errors import GenerationCancelled

from ..errors import DubCancelled, MoodError
from .answers import clean_answer
from .look import flatten

if TYPE_CHECKING:
    from PIL import Image

MODEL = "yorickvp/llava-13b"
PARAMETERS = {"temperature": 0.2, "top_p": 1, "max_tokens": 1024}
"""Audiv's."""
MAX_IMAGE_SIZE = 768
"""Pixels on the longer side of what is sent; the model sees 336."""


def describe(
    images: Sequence[Image.Image],
    instruction: str,
    *,
    token: str,
    base_url: str = DEFAULT_BASE_URL,
    should_cancel: ShouldCancel | None = None,
) -> str:
    """Ask LLaVA for music that fits; several stills go as one picture, side by side, since the model takes one.

    Args:
        images: one or more.
        instruction: what to ask.
        token: of the account.
        base_url: where the service answers.
        should_cancel: asked several times a second.
    Returns:
        The checked answer, under 30 words.
    Raises:
        EngineError: no token, or the service refused or failed.
        MoodError: the answer describes no music.
        DubCancelled: should_cancel returned True.
    """
    api = ReplicateApi(token, base_url=base_url)
    inputs = {"image": data_uri(side_by_side(images)), "prompt": instruction, **PARAMETERS}
    try:
        output = api.run(MODEL, inputs, should_cancel=should_cancel)
    except GenerationCancelled as error:
        raise DubCancelled(str(error)) from error
    finally:
        api.close()
    if not isinstance(output, str | list):
        raise MoodError(f"Replicate's {MODEL} returned no text: try again, or choose the palette describer.")
    return clean_answer(output if isinstance(output, str) else "".join(str(piece) for piece in output), MODEL)


def side_by_side(images: Sequence[Image.Image]) -> Image.Image:
    """One picture out of several, in a row at the height of the lowest one, at most 768 pixels on the longer side."""
    from PIL import Image as PillowImage

    flat = [flatten(image) for image in images]
    height = min(image.height for image in flat)
    scaled = [image.resize((max(1, round(image.width * height / image.height)), height)) for image in flat]
    row = PillowImage.new("RGB", (sum(image.width for image in scaled), height))
    x = 0
    for image in scaled:
        row.paste(image, (x, 0))
        x += image.width
    row.thumbnail((MAX_IMAGE_SIZE, MAX_IMAGE_SIZE))
    return row


def data_uri(image: Image.Image) -> str:
    """A picture as text: JPEG, some tens of kilobytes."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
