"""Stills to words by a local vision-language model, loaded for one answer and freed before the music model comes."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from riffusion_inference.datatypes import ShouldCancel
from riffusion_inference.devices import choose_device, is_hub_error
from riffusion_inference.errors import EngineError

from ..errors import MoodError
from ..files import check_cancel
from .answers import clean_answer
from .look import flatten

if TYPE_CHECKING:
    from PIL import Image

MAX_NEW_TOKENS = 80
"""Room for 30 words in any tokenizer."""
MAX_IMAGE_SIZE = 512
"""Pixels on the longer side that a picture is shown with."""


def describe(
    images: Sequence[Image.Image],
    instruction: str,
    *,
    model: str,
    device: str = "auto",
    should_cancel: ShouldCancel | None = None,
) -> str:
    """Ask a vision-language model for music that fits some pictures; the same pictures give the same answer.

    Args:
        images: one or more.
        instruction: what to ask.
        model: a Hugging Face name or a local folder of any image-text-to-text model with a chat template.
        device: as in choose_device.
        should_cancel: asked before loading and at every word.
    Returns:
        The checked answer, under 30 words.
    Raises:
        MoodError: the model cannot be had, or its answer describes no music.
        EngineError: the device has too little memory.
        DubCancelled: should_cancel returned True.
    """
    import torch

    check_cancel(should_cancel)
    chosen, _ = choose_device(device)
    try:
        # Model and tensors live in _answer's frame only, so that they are gone when it returns.
        answer = _answer(images, instruction, model, chosen, should_cancel)
    except torch.OutOfMemoryError as error:
        raise EngineError(
            f"The image model {model} does not fit into {chosen}'s memory: choose a smaller one with IMAGE_MODEL, or "
            "the palette describer."
        ) from error
    finally:
        gc.collect()
        if chosen.startswith("cuda"):
            torch.cuda.empty_cache()
    check_cancel(should_cancel)
    return clean_answer(answer, model)


def load(model: str, device: str) -> tuple[Any, Any]:
    """Load the network and its processor.

    Raises:
        MoodError: it is not here and cannot be fetched, or is not such a model.
    """
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    dtype = {"cuda": torch.bfloat16, "mps": torch.float16}.get(device.split(":")[0], torch.float32)
    try:
        processor: Any = cast(Any, AutoProcessor).from_pretrained(model)
        network: Any = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype)
    except (ImportError, ValueError, KeyError) as error:
        raise MoodError(
            f"The image model {model} cannot be used here ({_first_line(error)}): choose another one with IMAGE_MODEL, "
            "or the palette describer."
        ) from error
    except Exception as error:
        if not is_hub_error(error):
            raise
        raise MoodError(
            f"The image model {model} is not on this machine and the hub could not be reached: either run "
            f"`hf download {model}` where there is internet access, or set IMAGE_MODEL to a folder with such a model, "
            "or use the palette describer, which needs no download."
        ) from error
    if hasattr(processor.image_processor, "do_image_splitting"):
        # Atmosphere needs no fine print; unsplit, a still costs a seventeenth of the tokens.
        processor.image_processor.do_image_splitting = False
    return network.to(device).eval(), processor


def _answer(
    images: Sequence[Image.Image], instruction: str, model: str, device: str, should_cancel: ShouldCancel | None
) -> str:
    """Load, ask, and let go."""
    import torch
    from transformers import StoppingCriteriaList

    network, processor = load(model, device)
    content: list[dict[str, Any]] = [{"type": "image", "image": _shown(image)} for image in images]
    content.append({"type": "text", "text": instruction})
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    ).to(device, network.dtype)

    def stop(*_: object) -> bool:
        check_cancel(should_cancel)
        return False

    with torch.inference_mode():
        tokens = network.generate(
            **inputs,
            max_new_tokens=MAX_NEW_TOKENS,
            do_sample=False,
            stopping_criteria=StoppingCriteriaList([stop]),
        )
    new = tokens[0, inputs["input_ids"].shape[1] :]
    return str(processor.decode(new, skip_special_tokens=True))


def _shown(image: Image.Image) -> Image.Image:
    small = flatten(image)
    small.thumbnail((MAX_IMAGE_SIZE, MAX_IMAGE_SIZE))
    return small


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
