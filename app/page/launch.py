"""Opening the page: its folder, its limits, and what Gradio serves and what it does not."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..settings import ROOT, Settings, use_page_folder


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
    check_mcp(settings)
    folder = use_page_folder(settings)
    # Only now: Gradio reads the environment, which use_page_folder has set, when it is imported.
    from gradio.utils import get_space
    from starlette.middleware import Middleware

    from ..models import ModelShelf
    from .build import build
    from .jobs import use_shelf
    from .session import PageContext
    from .shared_link import ICON, OwnName
    from .theme import CSS, SCRIPT, theme
    from .visitors import OwnFilesOnly, Visitors

    # Gradio's word on its State and MCP: agents' calls name the results that they go on from.
    warnings.filterwarnings("ignore", message="This MCP server includes a tool that has a gr.State input")
    visitors = Visitors(folder)
    visitors.home.mkdir(parents=True, exist_ok=True)
    shelf = use_shelf(ModelShelf(settings))
    on_space = get_space() is not None
    page = build(PageContext(settings, visitors, shelf))
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
        js="() => window.dubReady && window.dubReady()",
        app_kwargs={"middleware": [Middleware(OwnFilesOnly, visitors=visitors), Middleware(OwnName)]},
        favicon_path=str(ICON),
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


def check_mcp(settings: Settings) -> None:
    """Raise ConfigError where agents are wanted and the package for them is missing."""
    if settings.mcp_server and importlib.util.find_spec("mcp") is None:
        raise ConfigError(
            'MCP_SERVER=true needs the package mcp, which is not installed: run pip install ".[mcp]" '
            "(or -r requirements-mcp.txt) in the project's folder."
        )


def blocked(folder: Path) -> list[str]:
    """Everything in the repository, unless the page's folder itself lies there."""
    return [str(path) for path in ROOT.iterdir() if not folder.is_relative_to(path)]
