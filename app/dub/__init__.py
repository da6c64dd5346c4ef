"""Dubbing a video: what is ordered, and the story from the source to the finished result."""

from .build_order import changed_order, new_order, take_order, undo_order
from .order import AUTO, Order, PartOrder
from .ranges import what_stays
from .remixing import remix, remix_order
from .run import Run
from .story import carry_out

__all__ = [
    "AUTO",
    "Order",
    "PartOrder",
    "Run",
    "carry_out",
    "changed_order",
    "new_order",
    "remix",
    "remix_order",
    "take_order",
    "undo_order",
    "what_stays",
]
