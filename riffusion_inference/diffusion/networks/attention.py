"""The UNet's attention: of latents to one another and to the text."""

from __future__ import annotations

import math

import torch
from torch import nn


class Transformer2DModel(nn.Module):
    """A transformer's block over all places of a picture, beside a short cut."""

    def __init__(self, size: int, text: int, heads: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, size, eps=1e-6)
        self.proj_in = nn.Conv2d(size, size, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(size, text, heads)])
        self.proj_out = nn.Conv2d(size, size, 1)

    def forward(self, given: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        count, size, height, width = given.shape
        hidden = self.proj_in(self.norm(given)).permute(0, 2, 3, 1).reshape(count, height * width, size)
        hidden = self.transformer_blocks[0](hidden, text)
        hidden = hidden.reshape(count, height, width, size).permute(0, 3, 1, 2).contiguous()
        out: torch.Tensor = self.proj_out(hidden) + given
        return out


class TransformerBlock(nn.Module):
    """Attention to one another, attention to the text, and two layers for each place."""

    def __init__(self, size: int, text: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(size), nn.LayerNorm(size), nn.LayerNorm(size)
        self.attn1, self.attn2 = Attention(size, size, heads), Attention(size, text, heads)
        self.ff = FeedForward(size)

    def forward(self, hidden: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        normed = self.norm1(hidden)
        hidden = self.attn1(normed, normed) + hidden
        hidden = self.attn2(self.norm2(hidden), text) + hidden
        out: torch.Tensor = self.ff(self.norm3(hidden)) + hidden
        return out


class Attention(nn.Module):
    """Attention with several heads."""

    def __init__(self, size: int, of: int, heads: int) -> None:
        super().__init__()
        self.to_q = nn.Linear(size, size, bias=False)
        self.to_k, self.to_v = nn.Linear(of, size, bias=False), nn.Linear(of, size, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(size, size)])
        self._heads = heads

    def forward(self, hidden: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        count, _, size = hidden.shape
        query, key, value = (
            one.view(count, -1, self._heads, size // self._heads).transpose(1, 2)
            for one in (self.to_q(hidden), self.to_k(others), self.to_v(others))
        )
        found = nn.functional.scaled_dot_product_attention(query, key, value)
        out: torch.Tensor = self.to_out[0](found.transpose(1, 2).reshape(count, -1, size))
        return out


class FeedForward(nn.Module):
    """Two layers with a gate between them; Shazeer 2020."""

    def __init__(self, size: int) -> None:
        super().__init__()
        # The place of a dropout, which has no weights, is kept by the names.
        self.net = nn.ModuleList([Gated(size, 4 * size), nn.Identity(), nn.Linear(4 * size, size)])

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.net[2](self.net[0](hidden))
        return out


class Gated(nn.Module):
    """A layer of which one half opens the other."""

    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.proj = nn.Linear(entering, 2 * leaving)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        value, gate = self.proj(hidden).chunk(2, dim=-1)
        opened: torch.Tensor = value * nn.functional.gelu(gate)
        return opened


class TextTimeEmbedding(nn.Module):
    """The text as a whole, added to what the UNet is told of the time."""

    def __init__(self, text: int, time: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(text)
        self.pool = AttentionPooling(text, heads)
        self.proj = nn.Linear(text, time)
        self.norm2 = nn.LayerNorm(time)

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        embedded: torch.Tensor = self.norm2(self.proj(self.pool(self.norm1(text))))
        return embedded


class AttentionPooling(nn.Module):
    """A text's mean attends to the mean and to each of its tokens."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.empty(1, size))
        self.k_proj, self.q_proj, self.v_proj = nn.Linear(size, size), nn.Linear(size, size), nn.Linear(size, size)
        self._heads = heads

    def forward(self, text: torch.Tensor) -> torch.Tensor:
        count, _, size = text.shape
        each = size // self._heads

        def of_heads(one: torch.Tensor) -> torch.Tensor:
            return one.view(count, -1, self._heads, each).transpose(1, 2).reshape(count * self._heads, -1, each).mT

        mean = text.mean(dim=1, keepdim=True) + self.positional_embedding.to(text.dtype)
        tokens = torch.cat([mean, text], dim=1)
        query, key, value = of_heads(self.q_proj(mean)), of_heads(self.k_proj(tokens)), of_heads(self.v_proj(tokens))
        # Each by the root of the usual factor: halves of floats hold both.
        scale = 1 / math.sqrt(math.sqrt(each))
        weight = torch.einsum("bct,bcs->bts", query * scale, key * scale)
        weight = torch.softmax(weight.float(), dim=-1).type(weight.dtype)
        found = torch.einsum("bts,bcs->bct", weight, value)
        return found.reshape(count, -1, 1).mT[:, 0, :]
