"""The page's HTML: templates beside this file fill in values and compute nothing."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import strings

# Values come from files and people, so every one of them is escaped; a misspelled name is an error, not a gap.
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["words"] = strings


def render(name: str, **values: object) -> str:
    """Fill in one template.

    Args:
        name: its file in templates/, without ".html".
        values: plain values by the names that the template uses; `words` is the module strings.
    Returns:
        HTML in which every value is escaped.
    Raises:
        jinja2.UndefinedError: the template uses a name that is not there.
    """
    return _ENVIRONMENT.get_template(f"{name}.html").render(values)
