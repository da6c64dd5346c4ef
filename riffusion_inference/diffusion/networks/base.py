"""What all networks here have in common: a configuration that has to fit, and weights from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import torch
from safetensors.torch import load_file
from torch import nn

IGNORED = ("_class_name", "_diffusers_version", "_name_or_path", "architectures", "transformers_version", "dtype")
"""What a configuration says that changes nothing."""


class Network(nn.Module):
    """A network of a checkpoint."""

    FIXED: ClassVar[Mapping[str, Any]]
    """What its configuration has to say."""
    FREE: ClassVar[frozenset[str]]
    """What its configuration may say as it likes."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = SimpleNamespace(**config)

    @classmethod
    def fits(cls, config: Mapping[str, Any]) -> bool:
        """Whether a configuration, as a checkpoint has it, describes such a network."""
        said = {name: value for name, value in config.items() if name not in IGNORED}
        fixed = {name: value for name, value in said.items() if name not in cls.FREE}
        return fixed == dict(cls.FIXED) and said.keys() >= cls.FREE

    @classmethod
    def load(cls, config: Mapping[str, Any], weights: Path, dtype: torch.dtype) -> Self:
        """Build a network that fits its configuration, and give it the weights of a safetensors file.

        Raises:
            RuntimeError: the file has other weights than the network.
            safetensors.SafetensorError: the file is damaged.
        """
        # Weights come from the file: on this device there are none to be drawn first.
        with torch.device("meta"):
            network = cls(config)
        state = {name: tensor.to(dtype) for name, tensor in load_file(weights).items()}
        network.load_state_dict(state, assign=True)
        return network

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """What its weights are."""
        return next(self.parameters()).dtype
