"""Cutting a clip into parts: exact by edit lists, at keyframes, or by re-encoding."""
