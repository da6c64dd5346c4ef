"""What the Hugging Face hub's clients raise when there is no network or no such model."""

from __future__ import annotations

NETWORK_TREES = ("httpx", "httpcore", "requests", "urllib3", "huggingface_hub")


def is_hub_error(error: BaseException) -> bool:
    """True when a download failed: no network, no such model, no access, or offline mode.

    huggingface_hub lets its HTTP client's own errors through, and not all of these are OSErrors.
    """
    return isinstance(error, OSError) or type(error).__module__.split(".")[0] in NETWORK_TREES
