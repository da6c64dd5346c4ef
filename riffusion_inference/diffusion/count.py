"""How long a prompt is, without a model."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

from .prompts import MAX_CHUNKS

VOCABULARY = Path(__file__).parents[1] / "pocket" / "tokenizer" / "tokenizer.json"
CHUNK_TOKENS = 75


def count_tokens(prompt: str) -> tuple[int, int]:
    """Count a prompt's tokens as pocket does; other checkpoints count a little differently.

    Args:
        prompt: any words.
    Returns:
        Tokens, and how many of them a checkpoint reads at most.
    """
    return len(_tokenizer().encode(prompt, add_special_tokens=False).ids), CHUNK_TOKENS * MAX_CHUNKS


@cache
def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(VOCABULARY))
    tokenizer.no_truncation()
    return tokenizer
