"""Settings and options: one table of what can be set, and where its values come from.

This is the only room that reads the environment or TOML. A command-line option goes over all other sources.
"""

from .check import check_value
from .load import CONFIG_DIR, ROOT, load_settings
from .options import DESCRIBERS, OPTIONS, Option, SoundMode
from .settings import (
    PAGE_FOLDER,
    ModelDefaults,
    Settings,
    server_environment,
    use_page_folder,
    use_temporary_directory,
    use_threads,
    use_worker_folder,
)

__all__ = [
    "CONFIG_DIR",
    "DESCRIBERS",
    "OPTIONS",
    "PAGE_FOLDER",
    "ROOT",
    "ModelDefaults",
    "Option",
    "Settings",
    "SoundMode",
    "check_value",
    "load_settings",
    "server_environment",
    "use_page_folder",
    "use_temporary_directory",
    "use_threads",
    "use_worker_folder",
]
