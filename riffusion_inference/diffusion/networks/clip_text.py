"""The text encoder and its tokenizer: transformers' CLIPTextModel and CLIPTokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel
from torch import nn

from riffusion_inference.diffusion.networks.base import Network

WORD_END = "</w>"


class ClipText(Network):
    """A text's tokens, each in the light of those before it; Radford et al. 2021."""

    FIXED: ClassVar[Mapping[str, Any]] = {
        "attention_dropout": 0.0, "hidden_act": "quick_gelu", "model_type": "clip_text_model",
    }  # fmt: skip
    FREE: ClassVar[frozenset[str]] = frozenset({
        "bos_token_id", "eos_token_id", "hidden_size", "initializer_factor", "initializer_range", "intermediate_size",
        "layer_norm_eps", "max_position_embeddings", "num_attention_heads", "num_hidden_layers", "pad_token_id",
        "projection_dim", "vocab_size",
    })  # fmt: skip

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.final_layer_norm = nn.LayerNorm(config["hidden_size"], eps=config["layer_norm_eps"])

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor]:
        """[n, tokens] to [n, tokens, D], alone in a tuple."""
        return (self.final_layer_norm(self.encoder(self.embeddings(tokens))),)


class Embeddings(nn.Module):
    """What each token and each place stands for."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        sizes = (config["vocab_size"], config["max_position_embeddings"])
        # Drawing weights for them, which is of no use here, would import a compiler for a second.
        self.token_embedding, self.position_embedding = (
            nn.Embedding(size, config["hidden_size"], _weight=torch.empty(size, config["hidden_size"]))
            for size in sizes
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        places = torch.arange(tokens.shape[1], device=tokens.device)[None]
        embedded: torch.Tensor = self.token_embedding(tokens) + self.position_embedding(places)
        return embedded


def _empty_embedding(count: int, size: int) -> nn.Embedding:
    """An embedding that draws no weights: it would import a compiler for it, which takes a second."""
    return nn.Embedding(count, size, _weight=torch.empty(count, size))


class Encoder(nn.Module):
    """One layer after another."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            hidden = layer(hidden)
        return hidden


class Layer(nn.Module):
    """Attention to what came before, and two layers for each token."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        size, eps = config["hidden_size"], config["layer_norm_eps"]
        self.self_attn = SelfAttention(size, config["num_attention_heads"])
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(size, eps=eps), nn.LayerNorm(size, eps=eps)
        self.mlp = Mlp(size, config["intermediate_size"])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        hidden = hidden + self.self_attn(self.layer_norm1(hidden))
        out: torch.Tensor = hidden + self.mlp(self.layer_norm2(hidden))
        return out


class SelfAttention(nn.Module):
    """Attention of each token to itself and those before it."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.k_proj, self.v_proj, self.q_proj = nn.Linear(size, size), nn.Linear(size, size), nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)
        self._heads = heads

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        count, length, size = hidden.shape
        query, key, value = (
            project(hidden).view(count, length, self._heads, -1).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        found = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=length > 1)
        out: torch.Tensor = self.out_proj(found.transpose(1, 2).reshape(count, length, size))
        return out


class Mlp(nn.Module):
    """Two layers."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(size, inner), nn.Linear(inner, size)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        inner = self.fc1(hidden)
        out: torch.Tensor = self.fc2(inner * torch.sigmoid(1.702 * inner))
        return out


@dataclass(frozen=True)
class Tokens:
    """A text's tokens."""

    input_ids: list[int]
    """Their numbers."""


class ClipTokenizer:
    """Texts to tokens and back, by a checkpoint's tokenizer.json."""

    def __init__(self, folder: Path) -> None:
        """Read it.

        Raises:
            OSError: a file is missing.
            ValueError, KeyError: a file is damaged.
        """
        said = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        self._tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        # The file does not say how tokens become a text again: they stand for bytes, and words end in a mark.
        self._tokenizer.decoder = ByteLevel()
        self.model_max_length = int(said["model_max_length"])
        self.bos_token_id, self.eos_token_id, self.pad_token_id = (
            self._tokenizer.token_to_id(said[name]) for name in ("bos_token", "eos_token", "pad_token")
        )
        if None in (self.bos_token_id, self.eos_token_id, self.pad_token_id):
            raise ValueError("the tokens that begin, end and fill a text are not among its tokens")

    def __call__(self, text: str, **_plainly: Any) -> Tokens:
        """The tokens of a text, none added and none left out."""
        return Tokens(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, tokens: list[int]) -> str:
        """The text that tokens stand for."""
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False)
        return text.replace(WORD_END, " ").strip()
