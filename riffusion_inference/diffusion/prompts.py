"""Prompts of any length to the UNet's conditioning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

MAX_CHUNKS = 4
"""Chunks of (77 - 2) tokens that a prompt may have; the rest is dropped, and a note says so."""


@dataclass(frozen=True)
class Conditioning:
    """What the UNet attends to."""

    prompt: torch.Tensor
    """[1, tokens, D]."""
    negative: torch.Tensor
    """[1, tokens, D], what guidance pushes away from."""
    notes: tuple[str, ...]
    """One sentence for each prompt that was cut."""


def encode_prompts(tokenizer: Any, text_encoder: Any, prompt: str, negative_prompt: str) -> Conditioning:
    """Encode both prompts, long ones in chunks that are joined end to end; nothing is lost up to MAX_CHUNKS chunks.

    Args:
        tokenizer: a CLIP tokenizer.
        text_encoder: a CLIP text model.
        prompt: what the music should be.
        negative_prompt: what it should not be; empty is the model's "unconditional".
    Returns:
        Conditioning, both tensors equally long (the shorter prompt is filled up with empty chunks).
    """
    size = min(tokenizer.model_max_length, text_encoder.config.max_position_embeddings)
    chunks, note = _chunks(tokenizer, prompt, size, "prompt")
    negative_chunks, negative_note = _chunks(tokenizer, negative_prompt, size, "negative prompt")
    count = max(len(chunks), len(negative_chunks))
    return Conditioning(
        _encode(tokenizer, text_encoder, chunks, size, count),
        _encode(tokenizer, text_encoder, negative_chunks, size, count),
        tuple(text for text in (note, negative_note) if text),
    )


def _chunks(tokenizer: Any, text: str, size: int, name: str) -> tuple[list[list[int]], str]:
    """Cut the text's tokens into chunks of size - 2; returns them and a note on what was dropped, or ''."""
    options = {"add_special_tokens": False, "truncation": False, "verbose": False}
    tokens = tokenizer(text, **options).input_ids if text.strip() else []
    room = size - 2
    kept = tokens[: room * MAX_CHUNKS]
    chunks = [kept[first : first + room] for first in range(0, len(kept), room)] or [[]]
    if len(kept) == len(tokens):
        return chunks, ""
    last_word = tokenizer.decode(kept[-8:]).strip()
    dropped = tokenizer.decode(tokens[len(kept) :]).strip()
    shown = dropped if len(dropped) <= 200 else dropped[:200] + "..."
    return chunks, (
        f"The {name} has {len(tokens)} tokens, but at most {room * MAX_CHUNKS} are read: "
        f"after '{last_word}' this was dropped: '{shown}'."
    )


def _encode(tokenizer: Any, text_encoder: Any, chunks: list[list[int]], size: int, count: int) -> torch.Tensor:
    """Return [1, count * size, D]; each chunk gets its own start, end and padding, as in training."""
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end
    rows = []
    for chunk in chunks + [[]] * (count - len(chunks)):
        row = [start, *chunk, end]
        rows.append(row + [pad] * (size - len(row)))
    hidden: torch.Tensor = text_encoder(torch.tensor(rows, device=text_encoder.device))[0]
    return hidden.reshape(1, count * size, hidden.shape[-1])
