"""What the package offers by name, fetched when it is asked for."""

from __future__ import annotations

import pytest

import app


def test_every_public_name_is_there() -> None:
    assert set(app.__all__) == {"__version__", *app.ROOM_OF}
    for name in app.__all__:
        assert getattr(app, name) is not None
    assert set(app.__all__) <= set(dir(app))


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        app.nothing  # noqa: B018
