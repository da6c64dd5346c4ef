"""The page's look: ink on paper by day, the other way round by night. System fonts, so nothing is fetched."""

from __future__ import annotations

import json
from pathlib import Path

from gradio.themes import Base
from gradio.themes.utils import sizes
from gradio.themes.utils.colors import Color

from ..settings import Settings
from . import strings

TEAL = Color(
    name="teal ink",
    c50="#eef6f6",
    c100="#d8eaea",
    c200="#b3d6d7",
    c300="#84bbbd",
    c400="#529a9d",
    c500="#2f7f83",
    c600="#1f686d",
    c700="#1a545a",
    c800="#184449",
    c900="#16393d",
    c950="#0a2225",
)
PAPER = Color(
    name="paper",
    c50="#f8f7f4",
    c100="#f0eee9",
    c200="#e2dfd8",
    c300="#cbc7be",
    c400="#9b978f",
    c500="#73706a",
    c600="#57554f",
    c700="#3a3b3a",
    c800="#242828",
    c900="#191d1e",
    c950="#101415",
)
FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")
HERE = Path(__file__).parent
FILES = HERE / "web_files"
SCRIPTS = ("choice", "timeline", "stage", "mixer", "words", "run", "session", "upload", "look")
STYLES = ("page", "film")
"""Files of the browser's side, in the order in which they are read."""


def theme() -> Base:
    """Build the theme."""
    look = Base(
        primary_hue=TEAL,
        secondary_hue=TEAL,
        neutral_hue=PAPER,
        radius_size=sizes.radius_lg,
        spacing_size=sizes.spacing_md,
        text_size=sizes.text_md,
        font=FONT,
        font_mono=MONO,
    )
    return look.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_800",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_50",
        background_fill_secondary_dark="*neutral_950",
        border_color_primary="*neutral_200",
        border_color_primary_dark="*neutral_700",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_900",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="*background_fill_primary",
        block_label_text_color="*body_text_color_subdued",
        block_title_text_color="*body_text_color",
        block_title_text_weight="600",
        block_title_text_size="*text_md",
        block_info_text_color="*body_text_color_subdued",
        block_info_text_size="*text_sm",
        input_background_fill="white",
        input_background_fill_dark="*neutral_800",
        input_border_color="*neutral_300",
        input_border_color_dark="*neutral_600",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        input_border_width="1px",
        input_radius="*radius_md",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_400",
        button_primary_background_fill_hover_dark="*primary_300",
        button_primary_text_color="white",
        button_primary_text_color_dark="*primary_950",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="*neutral_600",
        button_border_width="1px",
        checkbox_label_background_fill="white",
        checkbox_label_background_fill_dark="*neutral_800",
        checkbox_label_background_fill_selected="*primary_50",
        checkbox_label_background_fill_selected_dark="*primary_900",
        checkbox_label_border_color_selected="*primary_600",
        checkbox_label_border_color_selected_dark="*primary_400",
        checkbox_label_text_color_selected="*body_text_color",
        checkbox_background_color_selected="*primary_600",
        checkbox_background_color_selected_dark="*primary_400",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
    )


def page_script(settings: Settings) -> str:
    """What the browser does on its own, and what it has to know for that; one script, whose names are its own."""
    known = {"dubPieceBytes": settings.upload_piece_mb * 1_000_000, "dubTitle": strings.TITLE}
    lines = [f"window.{name} = {json.dumps(value)};" for name, value in known.items()]
    return "\n".join(["(() => {", *lines, *_files(SCRIPTS, ".js"), "})();"])


def page_style() -> str:
    """How the page looks, beside what the theme decides."""
    return "\n".join(_files(STYLES, ".css"))


def _files(names: tuple[str, ...], suffix: str) -> list[str]:
    return [(FILES / f"{name}{suffix}").read_text(encoding="utf-8") for name in names]
