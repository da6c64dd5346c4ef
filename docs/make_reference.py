"""Writes docs/reference.md from the docstrings of the public library: `make docs`."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PAGE = Path(__file__).parent / "reference.md"
LIBRARIES = {"app": "riffusion_dub", "riffusion_inference": "riffusion_inference"}
"""Packages to describe, by their name in this repository: the name under which they are installed."""
HEAD = """\
# Reference

What the two libraries offer to other programs. `make docs` writes this page from the docstrings: change them, not it.
"""
# In a docstring: "Args:" and the like on a line of their own, or "Source: ..." with its text.
SECTION = re.compile(r"(Args|Returns|Raises|Source):(?: (.+))?")
ENTRY = re.compile(r"(\*{0,2}\w+): (.+)")
MAX_SIGNATURE = 100


def render() -> str:
    """The whole page."""
    text = "\n".join([HEAD, *(line for name in LIBRARIES for line in _library(name))])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def _library(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    yield from (f"## `{LIBRARIES[name]}`", "", *_prose(module.__doc__))
    public = {word: getattr(module, word) for word in module.__all__ if not word.startswith("_")}
    errors = [value for value in public.values() if inspect.isclass(value) and issubclass(value, Exception)]
    for word, value in public.items():
        if value not in errors and callable(value):
            yield from (f"### `{word}`", "", *_described(_source_of(value)))
    if errors:
        yield from ("### Errors", "")
        for error in errors:
            base = error.__mro__[1].__name__
            yield f"- `{error.__name__}({base})`: {' '.join((error.__doc__ or '').split())}"
        yield ""


def _source_of(value: object) -> ast.stmt:
    """The statement that defines a public class or function."""
    module = inspect.getmodule(value)
    assert isinstance(module, ModuleType)
    wanted = getattr(value, "__name__", "")
    tree = ast.parse(inspect.getsource(module))
    return next(node for node in tree.body if getattr(node, "name", "") == wanted)


def _described(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        yield from ("```python", _signature(node), "```", "", *_prose(ast.get_docstring(node)))
    elif isinstance(node, ast.ClassDef):
        yield from _prose(ast.get_docstring(node))
        yield from _fields(node)
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                yield from _member(node.name, member)


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Each annotated attribute with the line under it."""
    for field, below in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(field, ast.AnnAssign) and not ast.unparse(field.target).startswith("_"):
            told = below.value if isinstance(below, ast.Expr) else None
            text = inspect.cleandoc(str(told.value)) if isinstance(told, ast.Constant) else ""
            yield f"- `{ast.unparse(field)}`: {' '.join(text.split())}"
    yield ""


def _member(owner: str, node: ast.FunctionDef) -> Iterator[str]:
    signature = _signature(node, leave_out=("self", "cls")).removeprefix("def ")
    if "property" in {ast.unparse(decorator) for decorator in node.decorator_list}:
        signature = signature.replace("() -> ", ": ")
    if "\n" in signature:
        yield from (f"#### `{owner}.{node.name}`", "", "```python", f"def {signature}", "```", "")
    else:
        yield from (f"#### `{owner}.{signature}`", "")
    yield from _prose(ast.get_docstring(node))


def _signature(node: ast.FunctionDef, leave_out: tuple[str, ...] = ()) -> str:
    """def name(arguments) -> type, on one line or with an argument on each."""
    arguments = node.args
    arguments.args = [one for one in arguments.args if one.arg not in leave_out]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    one_line = f"def {node.name}({ast.unparse(arguments)}){returns}"
    if len(one_line) <= MAX_SIGNATURE:
        return one_line
    without = [None] * (len(arguments.args) - len(arguments.defaults))
    placed = [*zip(arguments.args, [*without, *arguments.defaults], strict=True)]
    named = [*zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    lines = [*map(_argument, placed), *(["*"] if named else []), *map(_argument, named)]
    return "\n".join([f"def {node.name}(", *(f"    {line}," for line in lines), f"){returns}"])


def _argument(argument: tuple[ast.arg, ast.expr | None]) -> str:
    name, default = argument
    return ast.unparse(name) + (f" = {ast.unparse(default)}" if default is not None else "")


def _prose(docstring: str | None) -> Iterator[str]:
    """A docstring as Markdown: sections in bold, their entries as a list, doctests as code."""
    section = ""
    for line in inspect.cleandoc(docstring or "").splitlines():
        found = SECTION.fullmatch(line)
        entry = ENTRY.fullmatch(line.strip())
        if found:
            section = found[1]
            yield from ("", f"**{section}**" + (f" {found[2]}" if found[2] else ""), "")
        elif section in ("Args", "Raises") and line.startswith("    ") and not line.startswith("     ") and entry:
            yield f"- `{entry[1]}`: {entry[2]}"
        elif section:
            yield line.strip() if section in ("Returns", "Source") else f"  {line.strip()}"
        elif line.startswith(">>>"):
            yield from ("```python", line, "```")
        else:
            yield line
    yield ""


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    print(f"{PAGE} is written.")
