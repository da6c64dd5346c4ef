"""The scheduler: diffusers' DPMSolverMultistepScheduler, second order, with Karras' noise levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

FIXED: Mapping[str, Any] = {
    "algorithm_type": "dpmsolver++", "beta_schedule": "scaled_linear", "euler_at_final": False,
    "final_sigmas_type": "zero", "lambda_min_clipped": -np.inf, "lower_order_final": True,
    "prediction_type": "v_prediction", "rescale_betas_zero_snr": False, "solver_order": 2, "solver_type": "midpoint",
    "thresholding": False, "trained_betas": None, "use_beta_sigmas": False, "use_exponential_sigmas": False,
    "use_flow_sigmas": False, "use_karras_sigmas": True, "use_lu_lambdas": False, "variance_type": None,
}  # fmt: skip
"""What a configuration has to say of what matters here."""
FREE = ("beta_start", "beta_end", "num_train_timesteps")
RHO = 7.0
"""Karras et al. 2022, table 1."""


@dataclass(frozen=True)
class Stepped:
    """What a step gives."""

    prev_sample: torch.Tensor
    """The latents with less noise."""


class DpmSolver:
    """Takes noise out of latents in few steps; each remembers what the one before it predicted.

    Source: Lu et al. 2022, DPM-Solver++, algorithm 2; Karras et al. 2022, equation 5.
    """

    order = 1
    init_noise_sigma = 1.0

    def __init__(self, config: Mapping[str, Any], num_inference_steps: int) -> None:
        """Set it to its timesteps.

        Args:
            config: a checkpoint's, that fits.
            num_inference_steps: how many.
        """
        roots = torch.linspace(
            config["beta_start"] ** 0.5, config["beta_end"] ** 0.5, config["num_train_timesteps"], dtype=torch.float32
        )
        self.alphas_cumprod = torch.cumprod(1.0 - roots**2, dim=0)
        trained = np.array(((1 - self.alphas_cumprod) / self.alphas_cumprod) ** 0.5)
        low, high = trained[0].item() ** (1 / RHO), trained[-1].item() ** (1 / RHO)
        sigmas = (high + np.linspace(0, 1, num_inference_steps) * (low - high)) ** RHO
        self.timesteps = torch.from_numpy(_times_of(sigmas, np.log(trained)).round()).to(torch.int64)
        self.sigmas = torch.from_numpy(np.concatenate([sigmas, [0]]).astype(np.float32))
        self._before: torch.Tensor | None = None
        self._begin: int | None = None
        self._at: int | None = None

    @staticmethod
    def fits(config: Mapping[str, Any]) -> bool:
        """Whether a checkpoint's configuration describes such a scheduler."""
        return all(name in config and config[name] == value for name, value in FIXED.items()) and all(
            name in config for name in FREE
        )

    def set_begin_index(self, index: int) -> None:
        """Begin at a later step than the first."""
        self._begin = index

    def scale_model_input(self, sample: torch.Tensor, _timestep: Any) -> torch.Tensor:
        """Nothing: for those who know diffusers."""
        return sample

    def add_noise(self, sample: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """Add as much noise to clean latents as there is before the step at which it begins.

        Args:
            sample: [1, ...].
            noise: likewise.
            timesteps: [1], that of the step.
        """
        at = self._begin if self._begin is not None else self._place(timesteps[0])
        alpha, sigma = _parts(self.sigmas.to(sample.device, sample.dtype)[at].reshape([1] * sample.ndim))
        return alpha * sample + sigma * noise

    def step(self, predicted: torch.Tensor, timestep: torch.Tensor, sample: torch.Tensor) -> Stepped:
        """Take one step.

        Args:
            predicted: the velocity that the network predicts.
            timestep: where the latents are.
            sample: the latents.
        """
        if self._at is None:
            self._at = self._begin if self._begin is not None else self._place(timestep)
        at, last = self._at, self._at == len(self.timesteps) - 1
        alpha, sigma = _parts(self.sigmas[at])
        clean = alpha * sample - sigma * predicted
        sample = sample.to(torch.float32)
        alpha_to, sigma_to = _parts(self.sigmas[at + 1])
        further = _log_ratio(alpha_to, sigma_to) - _log_ratio(alpha, sigma)
        change = alpha_to * (torch.exp(-further) - 1.0)
        moved = (sigma_to / sigma) * sample - change * clean
        if self._before is not None and not last:
            # The last step, to no noise at all, goes by what it predicts alone.
            lately = _log_ratio(alpha, sigma) - _log_ratio(*_parts(self.sigmas[at - 1]))
            moved = moved - 0.5 * change * ((1.0 / (lately / further)) * (clean - self._before))
        self._before, self._at = clean, at + 1
        return Stepped(moved.to(clean.dtype))

    def _place(self, timestep: torch.Tensor) -> int:
        """The step of a timestep; of several, the second, so that none is left out where one begins midway."""
        found = (self.timesteps == timestep.to(self.timesteps.device)).nonzero()
        return int(found[1 if len(found) > 1 else 0]) if len(found) else len(self.timesteps) - 1


def _parts(sigma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How much of the latents is picture, and how much noise, by noise over signal."""
    alpha = 1 / ((sigma**2 + 1) ** 0.5)
    return alpha, sigma * alpha


def _log_ratio(alpha: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    return torch.log(alpha) - torch.log(sigma)


def _times_of(sigmas: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """The times at which the network was trained on noise levels, whose logarithms rise, between which they may lie."""
    log = np.log(np.maximum(sigmas, 1e-10))
    low = np.clip(np.searchsorted(trained, log, side="right") - 1, 0, len(trained) - 2)
    share = np.clip((trained[low] - log) / (trained[low] - trained[low + 1]), 0, 1)
    times: np.ndarray = (1 - share) * low + share * (low + 1)
    return times
