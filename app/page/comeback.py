"""Coming back: after a reload, a sleep, or on another device a tab goes on where its session was."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Sequence

import gradio as gr

from . import strings
from .input import Updates, drop_stills, replan
from .render import render
from .session import PageContext, Session


async def come_back(
    context: PageContext,
    session: Session,
    request: gr.Request,
    tokens: Sequence[str],
    queue_place: Callable[[str], tuple[int, int]],
) -> AsyncIterator[Updates]:
    """Give a tab that has just been opened its earlier session, if one of its tokens leads to one.

    Args:
        context: what all sessions share.
        session: the new, empty one.
        request: the tab's.
        tokens: out of the link that was opened, of this very tab, and of the latest tab in this browser, which is left
            alone where it is still open.
        queue_place: the place of a tab's job, 1 for the next and 0 for none, and how many jobs run.
    """
    linked, own, latest = (*tokens, "", "", "")[:3]
    known = ((linked, False), (own, False), (latest, True))
    tries = (context.resume(token, request, unless_open=unless_open) for token, unless_open in known if token)
    found = next((one for one in tries if one is not None), None)
    here = found or session
    here.is_kept = True
    yield {"session": here, "link": link_html(context, here), **(_shown(here, queue_place) if found else {})}


def _shown(session: Session, queue_place: Callable[[str], tuple[int, int]]) -> Updates:
    """All that a tab shows of a session, but for its run and its results, which whoever watches shows."""
    return {
        "video": str(session.source) if session.source else None,
        "prompt": session.draft or session.prompt,
        "n_parts": session.n_parts,
        "split_mode": session.split_mode,
        **replan(session, session.part),
        **drop_stills(session),
        **_run_again(session, queue_place),
    }


def _run_again(session: Session, queue_place: Callable[[str], tuple[int, int]]) -> Updates:
    """What lets a tab watch the session's run, or begin it where the earlier tab had gone before it took its place."""
    job = session.job
    if job is not None and not job.started.is_set() and not job.ended.is_set() and not queue_place(job.tab)[0]:
        job.tab = session.tab
        return {"ticket": session.n_runs}
    return {"resumed": secrets.randbelow(1 << 30) + 1}


def link_html(context: PageContext, session: Session) -> str:
    """The link to a session, and what whoever has it may do."""
    hint = strings.counted(strings.LINK_HINT, context.settings.delete_after_minutes)
    return render("link", token=session.token, hint=hint)
