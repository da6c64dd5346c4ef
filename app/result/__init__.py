"""A finished result: its manifest, its folder, its archive, and the proof that it is right."""

from .folder import Result, open_result
from .verify import verify

__all__ = ["Result", "open_result", "verify"]
