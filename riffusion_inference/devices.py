"""Which device the models run on, and how a failed download of one is recognised."""

from __future__ import annotations

import re
from typing import Any

from riffusion_inference.errors import SettingError

DEVICES = ("auto", "cuda", "mps", "cpu")
NETWORK_TREES = ("httpx", "httpcore", "requests", "urllib3", "huggingface_hub")


def choose_device(name: str = "auto") -> tuple[str, str | None]:
    """Choose the device to use, falling back where the one asked for is not there.

    Args:
        name: "auto" (the best there is), "cuda", "cuda:1" and so on, "mps" or "cpu".
    Returns:
        The device, and one line that says what it fell back from, or None.
    Raises:
        SettingError: the name is none of these.
    """
    asked = name.strip().lower()
    if asked not in DEVICES and not re.fullmatch(r"cuda:\d+", asked):
        known = ", ".join(DEVICES)
        raise SettingError(f"Device {name!r} is unknown: choose one of {known}, or cuda:1 for a second GPU.")
    if asked == "cpu":
        return "cpu", None
    import torch

    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if asked.startswith("cuda:") and 0 < n_gpus <= int(asked[5:]):
        return "cuda", f"There is no device {asked}, only {n_gpus} CUDA GPU(s): using cuda."
    if asked.startswith("cuda") and n_gpus:
        return asked, None
    has_mps = torch.backends.mps.is_available()
    if asked == "auto":
        return ("cuda" if n_gpus else "mps" if has_mps else "cpu"), None
    if asked == "mps" and has_mps:
        return "mps", None
    fallback = "mps" if has_mps else "cpu"
    return fallback, f"No {'CUDA GPU' if asked.startswith('cuda') else 'Apple GPU (mps)'} was found: using {fallback}."


def free_memory(device: Any) -> None:
    """Give cached GPU memory back to the device, a torch.device or its name."""
    import torch

    kind = torch.device(device).type
    if kind == "cuda":
        torch.cuda.empty_cache()
    elif kind == "mps":
        torch.mps.empty_cache()


def is_hub_error(error: BaseException) -> bool:
    """True when a download failed: no network, no such model, no access, or offline mode.

    huggingface_hub lets its HTTP client's own errors through, and not all of these are OSErrors.
    """
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in NETWORK_TREES
