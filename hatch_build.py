"""What the wheel depends on, made from the exact pins of requirements*.txt (docs/adr/0007)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PIN = re.compile(r"(?P<name>[\w.-]+)(?P<extras>\[[\w,-]+\])?==(?P<version>\d+(?:\.\d+)*(?:\.post\d+)?)")


class RequirementsHook(MetadataHookInterface):
    """Fills in dependencies and optional-dependencies; its settings are in pyproject.toml."""

    PLUGIN_NAME = "custom"

    def update(self, metadata: dict[str, Any]) -> None:
        """Set both lists in the project table."""
        every = self._ranges("requirements.txt")
        of_page = self.config["page"]
        metadata["dependencies"] = [text for name, text in every.items() if name not in of_page]
        metadata["optional-dependencies"] = {
            "page": [every[name] for name in of_page],
            **{extra: [*self._ranges(file).values()] for extra, file in self.config["extras"].items()},
        }

    def _ranges(self, file: str) -> dict[str, str]:
        """Ranges of one file by package name.

        Raises:
            ValueError: a line is neither a pin nor `-r` to another file.
        """
        found: dict[str, str] = {}
        for raw in Path(self.root, file).read_text(encoding="utf-8").splitlines():
            line = raw.partition("#")[0].strip()
            if line.startswith("-r "):
                found |= self._ranges(line.removeprefix("-r ").strip())
            elif line:
                pin = PIN.fullmatch(line)
                if pin is None:
                    raise ValueError(f"{file}: {line!r} is not pinned: write name==version.")
                same_minor = pin["name"] in self.config["same-minor"]
                found[pin["name"]] = f"{pin['name']}{pin['extras'] or ''}{range_of(pin['version'], same_minor)}"
        return found


def range_of(version: str, same_minor: bool = False) -> str:
    """From the version that is tested to the next one that may break: its first number that is not 0 counted up.

    >>> range_of("5.23.0"), range_of("0.2.11.post0"), range_of("2.11.0", same_minor=True)
    ('>=5.23.0,<6', '>=0.2.11.post0,<0.3', '>=2.11.0,<2.12')
    """
    numbers = [int(number) for number in version.partition(".post")[0].split(".")]
    fixed = 1 if same_minor else next((place for place, number in enumerate(numbers) if number), 0)
    return f">={version},<{'.'.join(map(str, [*numbers[:fixed], numbers[fixed] + 1]))}"
