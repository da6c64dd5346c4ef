"""Opening the page: its folder, its limits, and what Gradio serves and what it does not."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import media
from ..errors import ConfigError
from ..settings import ROOT, Settings, use_page_folder

if TYPE_CHECKING:
    from starlette.middleware import Middleware

    from .gradio_queue import FairQueue
    from .session import PageContext

MOST_SESSIONS = 1000
"""Tabs that Gradio keeps, of all visitors; each takes half a megabyte."""


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
    media.use_settings(settings)
    folder = use_page_folder(settings)
    # Only now: Gradio reads the environment, which use_page_folder has set, when it is imported.
    from gradio.utils import get_space

    from ..models import ModelShelf
    from .build import build
    from .gradio_fetch import fetch_nothing
    from .gradio_queue import use_fair_queue
    from .jobs import use_shelf
    from .session import PageContext
    from .stop import serve
    from .visitors import UPLOADS, Visitors, quota_of
    from .web.logs import use_careful_logs

    # Gradio's word on its State and MCP: agents' calls name the results that they go on from.
    warnings.filterwarnings("ignore", message="This MCP server includes a tool that has a gr.State input")
    if not prevent_thread_lock:
        use_careful_logs(settings.replicate_api_token)
    visitors = Visitors(folder, quota_of(settings))
    visitors.clear_dead()
    context = PageContext(settings, visitors, use_shelf(ModelShelf(settings)))
    page = build(context)
    page.queue(api_open=False, default_concurrency_limit=4)
    queue = use_fair_queue(page, settings.queue_size, settings.visitor_jobs, context.tabs)
    # Also what was sent for a job that still waits stays.
    visitors.in_use = lambda: context.tabs.in_use() | {visitors.home / one / UPLOADS for one in queue.accounts()}
    fetch_nothing()
    page.launch(**_how(context, queue, folder, on_space=get_space() is not None))
    context.tabs.on_gone = lambda tab: page.app.state_holder.session_data.pop(tab, None)
    print(f"The page is ready: {page.local_url}", flush=True)
    print(media.describe_sandbox(), flush=True)
    closed_seconds = 60.0 * settings.delete_closed_after_minutes
    visitors.sweep_for_ever(
        60.0 * settings.delete_after_minutes, also=lambda: context.tabs.forget_closed(closed_seconds)
    )
    context.shelf.preload()
    if not prevent_thread_lock:
        serve(page, context, queue)
    return page


def _how(context: PageContext, queue: FairQueue, folder: Path, *, on_space: bool) -> dict[str, Any]:
    """How Gradio serves the page: where, with which look, and behind the gate."""
    from starlette.middleware import Middleware

    from .gradio_queue import MAX_THREADS
    from .shared_link import ICON, OwnName
    from .theme import page_script, page_style, theme

    settings = context.settings
    script = page_script(settings)
    return {
        # A Space says where to listen in variables of Gradio's own.
        "server_name": None if on_space else settings.host,
        "server_port": None if on_space else settings.port,
        "share": settings.share,
        "mcp_server": settings.mcp_server,
        "theme": theme(),
        "css": page_style(),
        "head": f"<script>{script}</script>",
        "js": "() => window.dubReady && window.dubReady()",
        "app_kwargs": {"middleware": [_gate(context, queue, script, on_space=on_space), Middleware(OwnName)]},
        "favicon_path": str(ICON),
        "blocked_paths": blocked(folder),
        "max_file_size": f"{settings.max_upload_mb}mb",
        "max_threads": MAX_THREADS,
        "state_session_capacity": MOST_SESSIONS,
        "ssr_mode": False,
        "pwa": False,
        "run_history": False,
        "enable_monitoring": False,
        "footer_links": [],
        "quiet": True,
        "prevent_thread_lock": True,
    }


def _gate(context: PageContext, queue: FairQueue, script: str, *, on_space: bool) -> Middleware:
    """What stands in front of Gradio."""
    from starlette.middleware import Middleware

    from .health import watch_of
    from .web.gate import Gate
    from .web.identity import Identities
    from .web.rates import Rates
    from .web.uploads import Uploads

    settings = context.settings
    return Middleware(
        Gate,
        visitors=context.visitors,
        identities=Identities(trust_proxy=settings.trust_proxy or on_space),
        uploads=Uploads(context.visitors, settings.max_upload_mb * 1_000_000),
        rates=Rates(settings.requests_per_minute),
        watch=watch_of(context, queue),
        own_scripts=(script.encode(),),
    )


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
