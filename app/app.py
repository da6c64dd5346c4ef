"""Entry of the page: `python app/app.py`, a Space's app_file, and what `python -m app serve` calls."""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Run as a file, this folder comes first on sys.path and `app` would be this module instead of the package.
    sys.path[:] = [str(ROOT), *(entry for entry in sys.path if Path(entry or ".").resolve() != ROOT / "app")]
    sys.modules.pop("app", None)

if TYPE_CHECKING:
    from app.settings import Settings


def launch(settings: Settings, *, prevent_thread_lock: bool = False) -> Any:
    """Open the page.

    Args:
        settings: host, port, limits, checkpoint and all the rest.
        prevent_thread_lock: return at once instead of serving until the process is stopped.
    Returns:
        The gradio Blocks that is being served; close() ends it.
    Raises:
        ConfigError: the folder for visitors' files cannot be made, or MCP is wanted and not installed.
    """
    folder = page_folder(settings)
    check_mcp(settings)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    from gradio.utils import get_space
    from starlette.middleware import Middleware

    from app.handlers_jobs import ModelShelf, use_shelf
    from app.handlers_state import Desk
    from app.handlers_visitors import OwnFilesOnly, Visitors
    from app.ui import build
    from app.ui_theme import CSS, SCRIPT, theme

    visitors = Visitors(folder)
    visitors.home.mkdir(parents=True, exist_ok=True)
    shelf = use_shelf(ModelShelf(settings))
    on_space = get_space() is not None
    page = build(Desk(settings, visitors), shelf)
    page.queue(max_size=settings.queue_size, default_concurrency_limit=4)
    page.launch(
        # A Space says where to listen in variables of Gradio's own.
        server_name=None if on_space else settings.host,
        server_port=None if on_space else settings.port,
        share=settings.share,
        mcp_server=settings.mcp_server,
        theme=theme(),
        css=CSS.read_text(encoding="utf-8"),
        head=f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>",
        js="() => window.dubTheme && window.dubTheme()",
        app_kwargs={"middleware": [Middleware(OwnFilesOnly, visitors=visitors)]},
        blocked_paths=blocked(folder),
        max_file_size=f"{settings.max_upload_mb}mb",
        ssr_mode=False,
        pwa=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        quiet=True,
        prevent_thread_lock=True,
    )
    print(f"The page is ready: {page.local_url}", flush=True)
    visitors.sweep_for_ever(60.0 * settings.delete_after_minutes)
    shelf.preload()
    if not prevent_thread_lock:
        page.block_thread()
    return page


def page_folder(settings: Settings) -> Path:
    """Make the folder of the page's own under the temporary directory."""
    from app.errors import ConfigError
    from app.handlers_visitors import PAGE_FOLDER

    folder = settings.temporary_directory.expanduser().resolve() / PAGE_FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The folder {folder} cannot be made ({error.strerror}): set TEMPORARY_DIRECTORY to another one."
        ) from error
    return folder


def check_mcp(settings: Settings) -> None:
    """Raise ConfigError where agents are wanted and the package for them is missing."""
    from app.errors import ConfigError

    if settings.mcp_server and importlib.util.find_spec("mcp") is None:
        raise ConfigError(
            "MCP_SERVER=true needs the package mcp, which is not installed: run pip install -r requirements-mcp.txt."
        )


def blocked(folder: Path) -> list[str]:
    """Everything in the repository, unless the page's folder itself lies there."""
    return [str(path) for path in ROOT.iterdir() if not folder.is_relative_to(path)]


def main() -> None:
    """Read the settings and serve."""
    from app.settings import load_settings
    from riffusion_inference.errors import RiffusionError

    logging.basicConfig(level=logging.WARNING)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    try:
        launch(load_settings())
    except RiffusionError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
