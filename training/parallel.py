"""Several processes that train one model together: gradients are averaged, matrix work is shared out."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from torch import distributed


class Team:
    """This process's place among the processes; alone unless RANK and WORLD_SIZE say otherwise."""

    def __init__(self) -> None:
        self.rank, self.size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        if self.size > 1 and not distributed.is_initialized():
            distributed.init_process_group(
                "gloo", init_method=os.environ["TEAM_FILE"], rank=self.rank, world_size=self.size
            )

    def sum(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor by its sum over all processes."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        position = 0
        for tensor in tensors:
            tensor.copy_(flat[position : position + tensor.numel()].view(tensor.shape))
            position += tensor.numel()

    def average(self, tensors: Sequence[torch.Tensor], number: float) -> float:
        """Replace each tensor by its mean over all processes; returns the mean of a number, the same everywhere."""
        if self.size == 1:
            return number
        shared = torch.tensor([number], dtype=torch.float32)
        self.sum([*tensors, shared])
        for tensor in tensors:
            tensor.div_(self.size)
        return float(shared[0]) / self.size
