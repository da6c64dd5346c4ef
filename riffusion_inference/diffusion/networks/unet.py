"""The UNet: diffusers' UNet2DConditionModel as `pocket` uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import nn

from riffusion_inference.diffusion.networks.attention import TextTimeEmbedding, Transformer2DModel
from riffusion_inference.diffusion.networks.base import Network
from riffusion_inference.diffusion.networks.blocks import (
    ResnetBlock2D,
    Sampler,
    TimestepEmbedding,
    sinusoids,
    upsampled,
)

MIDDLE = "UNetMidBlock2DCrossAttn"
DOWN, UP = ("DownBlock2D", "CrossAttnDownBlock2D"), ("UpBlock2D", "CrossAttnUpBlock2D")


class UNet(Network):
    """Predicts what noise there is in latents, given a text; Rombach et al. 2022."""

    FIXED: ClassVar[Mapping[str, Any]] = {
        "act_fn": "silu", "addition_embed_type": "text", "addition_time_embed_dim": None, "attention_type": "default",
        "center_input_sample": False, "class_embed_type": None, "class_embeddings_concat": False, "conv_in_kernel": 3,
        "conv_out_kernel": 3, "cross_attention_norm": None, "downsample_padding": 1, "dropout": 0.0,
        "dual_cross_attention": False, "encoder_hid_dim": None, "encoder_hid_dim_type": None, "flip_sin_to_cos": True,
        "freq_shift": 0, "mid_block_only_cross_attention": None, "mid_block_scale_factor": 1, "mid_block_type": MIDDLE,
        "num_attention_heads": None, "num_class_embeds": None, "only_cross_attention": False,
        "projection_class_embeddings_input_dim": None, "resnet_out_scale_factor": 1.0, "resnet_skip_time_act": False,
        "resnet_time_scale_shift": "scale_shift", "reverse_transformer_layers_per_block": None,
        "time_cond_proj_dim": None, "time_embedding_act_fn": None, "time_embedding_dim": None,
        "time_embedding_type": "positional", "timestep_post_act": None, "transformer_layers_per_block": 1,
        "upcast_attention": False, "use_linear_projection": False,
    }  # fmt: skip
    FREE: ClassVar[frozenset[str]] = frozenset({
        "addition_embed_type_num_heads", "attention_head_dim", "block_out_channels", "cross_attention_dim",
        "down_block_types", "in_channels", "layers_per_block", "norm_eps", "norm_num_groups", "out_channels",
        "sample_size", "up_block_types",
    })  # fmt: skip

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        sizes, text, eps = config["block_out_channels"], config["cross_attention_dim"], config["norm_eps"]
        groups, layers = config["norm_num_groups"], config["layers_per_block"]
        self._n_time, self._n_given = sizes[0], layers + 1
        time = 4 * sizes[0]
        self.conv_in = nn.Conv2d(config["in_channels"], sizes[0], 3, padding=1)
        self.time_embedding = TimestepEmbedding(sizes[0], time)
        self.add_embedding = TextTimeEmbedding(text, time, config["addition_embed_type_num_heads"])
        # "attention_head_dim" is, for historical reasons, how many heads there are.
        make = _Maker(time, text, config["attention_head_dim"], groups, eps)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        for number, (kind, size) in enumerate(zip(config["down_block_types"], sizes, strict=True)):
            widths = [sizes[max(0, number - 1)], *[size] * (layers - 1)]
            self.down_blocks.append(DownBlock(make, widths, size, "Cross" in kind, number < len(sizes) - 1))
        self.mid_block = MidBlock(make, sizes[-1])
        turned = sizes[::-1]
        for number, (kind, size) in enumerate(zip(config["up_block_types"], turned, strict=True)):
            # The last of a block's layers takes in what the level above has left, the others what this level has.
            entering, left = turned[max(0, number - 1)], turned[min(number + 1, len(turned) - 1)]
            widths = [(entering if n == 0 else size) + (left if n == layers else size) for n in range(layers + 1)]
            self.up_blocks.append(UpBlock(make, widths, size, "Cross" in kind, number < len(turned) - 1))
        self.conv_norm_out = nn.GroupNorm(groups, sizes[0], eps)
        self.conv_out = nn.Conv2d(sizes[0], config["out_channels"], 3, padding=1)

    @classmethod
    def fits(cls, config: Mapping[str, Any]) -> bool:
        """Whether a configuration, as a checkpoint has it, describes such a network."""
        return (
            super().fits(config)
            and all(kind in DOWN for kind in config["down_block_types"])
            and all(kind in UP for kind in config["up_block_types"])
            and all(isinstance(config[name], int) for name in ("attention_head_dim", "layers_per_block"))
        )

    def forward(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        return_dict: bool = False,
    ) -> tuple[torch.Tensor]:
        """Predict.

        Args:
            sample: [n, C, h, w].
            timestep: one number.
            encoder_hidden_states: [n, tokens, D].
            return_dict: False, for those who know diffusers.
        Returns:
            [n, C', h, w], alone in a tuple.
        """
        times = timestep.reshape(1).to(sample.device).expand(len(sample))
        emb = self.time_embedding(sinusoids(times, self._n_time).to(sample.dtype))
        emb = emb + self.add_embedding(encoder_hidden_states)
        hidden = self.conv_in(sample)
        left = [hidden]
        for block in self.down_blocks:
            hidden, made = block(hidden, emb, encoder_hidden_states)
            left += made
        hidden = self.mid_block(hidden, emb, encoder_hidden_states)
        for block in self.up_blocks:
            left, given = left[: -self._n_given], left[-self._n_given :]
            hidden = block(hidden, emb, encoder_hidden_states, given, left[-1].shape[2:] if left else None)
        return (self.conv_out(nn.functional.silu(self.conv_norm_out(hidden))),)


class _Maker:
    """Makes the layers of blocks."""

    def __init__(self, time: int, text: int, heads: int, groups: int, eps: float) -> None:
        self.time, self.text, self.heads, self.groups, self.eps = time, text, heads, groups, eps

    def resnet(self, entering: int, leaving: int) -> ResnetBlock2D:
        return ResnetBlock2D(entering, leaving, self.time, self.groups, self.eps)

    def attention(self, size: int) -> Transformer2DModel:
        return Transformer2DModel(size, self.text, self.heads, self.groups)


class Block(nn.Module):
    """The layers of one size."""

    def __init__(self, make: _Maker, widths: list[int], size: int, has_text: bool) -> None:
        super().__init__()
        if has_text:
            self.attentions = nn.ModuleList(make.attention(size) for _ in widths)
        self.resnets = nn.ModuleList(make.resnet(width, size) for width in widths)
        self._has_text = has_text

    def layer(self, number: int, hidden: torch.Tensor, emb: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        """Go through one of them."""
        hidden = self.resnets[number](hidden, emb)
        return self.attentions[number](hidden, text) if self._has_text else hidden


class DownBlock(Block):
    """The layers of one size on the way down, after which it is halved."""

    def __init__(self, make: _Maker, widths: list[int], size: int, has_text: bool, halves: bool) -> None:
        super().__init__(make, widths, size, has_text)
        self._halves = halves
        if halves:
            self.downsamplers = nn.ModuleList([Sampler(size, stride=2)])

    def forward(
        self, hidden: torch.Tensor, emb: torch.Tensor, text: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """What leaves the block, and what each of its layers leaves for the way up."""
        left = []
        for number in range(len(self.resnets)):
            hidden = self.layer(number, hidden, emb, text)
            left.append(hidden)
        if self._halves:
            hidden = self.downsamplers[0](hidden)
            left.append(hidden)
        return hidden, left


class UpBlock(Block):
    """The layers of one size on the way up, after which it is doubled."""

    def __init__(self, make: _Maker, widths: list[int], size: int, has_text: bool, doubles: bool) -> None:
        super().__init__(make, widths, size, has_text)
        self._doubles = doubles
        if doubles:
            self.upsamplers = nn.ModuleList([Sampler(size)])

    def forward(
        self,
        hidden: torch.Tensor,
        emb: torch.Tensor,
        text: torch.Tensor,
        given: list[torch.Tensor],
        size: torch.Size | None,
    ) -> torch.Tensor:
        """What leaves the block, given what the way down has left; size is that of the next block's."""
        for number in range(len(self.resnets)):
            hidden = self.layer(number, torch.cat([hidden, given[-1 - number]], dim=1), emb, text)
        return self.upsamplers[0](upsampled(hidden, size)) if self._doubles else hidden


class MidBlock(nn.Module):
    """The layers between the way down and the way up."""

    def __init__(self, make: _Maker, size: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([make.attention(size)])
        self.resnets = nn.ModuleList([make.resnet(size, size), make.resnet(size, size)])

    def forward(self, hidden: torch.Tensor, emb: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        hidden = self.attentions[0](self.resnets[0](hidden, emb), text)
        out: torch.Tensor = self.resnets[1](hidden, emb)
        return out
