"""The tokenizer: byte-pair encoding in CLIP's form, trained on captions and plain English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.captions import write_caption
from training.piece import draw_piece
from training.wordnet import glosses

START, END = "<|startoftext|>", "<|endoftext|>"


def train_tokenizer(folder: Path, vocabulary: int, length: int) -> Any:
    """Train a CLIP tokenizer on captions and plain English; any text can be encoded, letter by letter if need be."""
    from tokenizers import trainers
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    rng = np.random.default_rng(0)
    texts = [write_caption(draw_piece(seed), rng).text for seed in range(20000 if vocabulary > 2000 else 500)]
    texts += glosses(every=2 if vocabulary > 2000 else 400)
    backend = CLIPTokenizer().backend_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 2,
        special_tokens=[],
        initial_alphabet=ByteLevel.alphabet(),
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    backend.train_from_iterator(texts, trainer)
    model = json.loads(backend.to_str())["model"]
    vocab = {token: index for token, index in model["vocab"].items() if token not in (START, END)}
    vocab = {token: index for index, token in enumerate(sorted(vocab, key=vocab.__getitem__))}
    for letter in sorted(ByteLevel.alphabet()):
        vocab.setdefault(letter + "</w>", len(vocab))
    vocab[START], vocab[END] = len(vocab), len(vocab) + 1
    merges: list[Any] = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in model["merges"]]
    tokenizer = CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=length)
    tokenizer.save_pretrained(folder)
    return tokenizer


def tokenize(tokenizer: Any, texts: list[str], length: int) -> torch.Tensor:
    """Encode to [B, length] token ids: start, text, end, then padding with the end token."""
    encoded = tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
    return torch.as_tensor(encoded.input_ids)


def after_end_mask(ids: torch.Tensor, end: int) -> torch.Tensor:
    """Return [B, L] float: 1 at the first end token and after it."""
    return ((ids == end).cumsum(1) > 0).float()
