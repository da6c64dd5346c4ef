"""An optimizer that learns from few samples: orthogonalised momentum for matrices, Adam for the rest."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from training.parallel import Team


def orthogonalise(matrix: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """Bring all singular values of [rows, columns] near 1 by a quintic Newton-Schulz iteration.

    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    # Rough singular values do, so 16 bits do.
    x = (x / (x.norm() + 1e-7)).bfloat16()
    for _ in range(iterations):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    x = x.to(matrix.dtype)
    return x.T if tall else x


class Muon:
    """Muon for weights with two or more dimensions, Adam for vectors and for embeddings of many rows."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        rate: float,
        adam_rate: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
        adam_only: Iterable[nn.Parameter] = (),
        team: Team | None = None,
    ) -> None:
        self.team = team or Team()
        self.rate, self.adam_rate, self.momentum, self.weight_decay = rate, adam_rate, momentum, weight_decay
        self.scale = 1.0
        self.steps = 0
        plain = {id(parameter) for parameter in adam_only}
        self.matrices: list[nn.Parameter] = []
        self.others: list[nn.Parameter] = []
        for parameter in parameters:
            if not parameter.requires_grad:
                continue
            is_matrix = (
                parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) > 8 and parameter.shape[0] < 4000
            )
            (self.matrices if is_matrix and id(parameter) not in plain else self.others).append(parameter)
        self.velocity = [torch.zeros_like(parameter) for parameter in self.matrices]
        self.first = [torch.zeros_like(parameter) for parameter in self.others]
        self.second = [torch.zeros_like(parameter) for parameter in self.others]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in (*self.matrices, *self.others):
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Take one step with the rates times `scale`."""
        self.steps += 1
        updates = []
        for place, (parameter, velocity) in enumerate(zip(self.matrices, self.velocity, strict=True)):
            gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            velocity.lerp_(gradient, 1 - self.momentum)
            update = gradient.lerp(velocity, self.momentum).reshape(parameter.shape[0], -1)
            mine = place % self.team.size == self.team.rank
            updates.append(orthogonalise(update) if mine else torch.zeros_like(update))
        self.team.sum(updates)
        for parameter, update in zip(self.matrices, updates, strict=True):
            stretch = max(1.0, update.shape[0] / update.shape[1]) ** 0.5
            parameter.mul_(1 - self.rate * self.scale * self.weight_decay)
            parameter.add_(update.view_as(parameter), alpha=-self.rate * self.scale * stretch)
        for parameter, first, second in zip(self.others, self.first, self.second, strict=True):
            if parameter.grad is None:
                continue
            first.lerp_(parameter.grad, 0.1)
            second.lerp_(parameter.grad.square(), 0.01)
            unbiased = second.div(1 - 0.99**self.steps).sqrt_().add_(1e-8)
            parameter.addcdiv_(first, unbiased, value=-self.adam_rate * self.scale / (1 - 0.9**self.steps))

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint needs to continue."""
        return {"steps": self.steps, "velocity": self.velocity, "first": self.first, "second": self.second}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Continue from a checkpoint."""
        self.steps = int(state["steps"])  # type: ignore[call-overload]
        for name in ("velocity", "first", "second"):
            for mine, saved in zip(getattr(self, name), state[name], strict=True):  # type: ignore[call-overload]
                mine.copy_(saved)


def warm_up_then_decay(step: int, place: float, warm_up: int = 50, decay_from: float = 0.4) -> float:
    """Factor on the rate: up over the first steps, flat, then down in a line to 5 % at place 1."""
    rise = min(1.0, (step + 1) / warm_up)
    fall = 1.0 if place < decay_from else 1.0 - 0.95 * (place - decay_from) / (1 - decay_from)
    return rise * fall
