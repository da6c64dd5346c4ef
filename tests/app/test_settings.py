"""Where a setting comes from, and what is said when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.errors import ConfigError
from app.settings import ROOT, load_settings
from app.settings.load import FIELDS, env_files
from app.settings.options import PER_MODEL


def settings_with(tmp_path: Path, env: str = "", environ: dict[str, str] | None = None, **overrides: object):
    (tmp_path / ".env").write_text(env)
    return load_settings(tmp_path / ".env", environ or {}, **overrides)


def test_each_source_goes_over_the_one_below(tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    configs.mkdir()
    (configs / "default.toml").write_text("port = 1001\nqueue_size = 5\nhost = 'a'\nx264_crf = 20\n")
    (tmp_path / ".env").write_text("PORT=1002\nQUEUE_SIZE=6\nHOST=b\n")
    environ = {"PORT": "1003", "QUEUE_SIZE": "7"}
    found = load_settings(tmp_path / ".env", environ, config_dir=configs, port=1004)
    assert (found.port, found.queue_size, found.host, found.x264_crf) == (1004, 7, "b", 20)
    assert found.delete_after_minutes == 60


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("TEMPORARY_DIRECTORY=/var/scratch", "temporary_directory", Path("/var/scratch")),
        ("THREADS_ON_SPLITTING=3", "threads_on_splitting", 3),
        ("THREADS_ON_SPLITING=5", "threads_on_splitting", 5),
        ("DEVICE=cpu", "device", "cpu"),
        ("MODEL=/a b/c", "model", "/a b/c"),
        ("MAX_IMAGE_WIDTH=512", "max_image_width", 512),
        ("SPLIT_MODE=keyframe", "split_mode", "keyframe"),
        ("X264_CRF=18", "x264_crf", 18),
        ("SOUND_MODE=duck", "sound_mode", "duck"),
        ("MUSIC_GAIN_DB=-6.5", "music_gain_db", -6.5),
        ("LOUDNESS=-14", "loudness", -14.0),
        ("LOUDNESS=match", "loudness", None),
        ("MAX_UPLOAD_MB=12", "max_upload_mb", 12),
        ("UPLOAD_PIECE_MB=8", "upload_piece_mb", 8),
        ("VISITOR_MB=50", "visitor_mb", 50),
        ("VISITOR_FILES=5", "visitor_files", 5),
        ("VISITOR_JOBS=2", "visitor_jobs", 2),
        ("REQUESTS_PER_MINUTE=90", "requests_per_minute", 90),
        ("MIN_FREE_MB=0", "min_free_mb", 0),
        ("DELETE_CLOSED_AFTER_MINUTES=2", "delete_closed_after_minutes", 2),
        ("STOP_AFTER_SECONDS=0", "stop_after_seconds", 0),
        ("TRUST_PROXY=yes", "trust_proxy", True),
        ("MAX_DURATION_SECONDS=90", "max_duration_seconds", 90),
        ("DELETE_AFTER_MINUTES=9", "delete_after_minutes", 9),
        ("HOST=0.0.0.0", "host", "0.0.0.0"),
        ("PORT=8080", "port", 8080),
        ("SHARE=yes", "share", True),
        ("QUEUE_SIZE=3", "queue_size", 3),
        ("MCP_SERVER=on", "mcp_server", True),
        ("DESCRIBER=palette", "describer", "palette"),
        ("REPLICATE_API_TOKEN=r8_abc", "replicate_api_token", "r8_abc"),
        ("GUIDANCE_SCALE=9", "guidance_scale", 9.0),
        ("NUM_INFERENCE_STEPS=33", "num_inference_steps", 33),
        ("SCHEDULER=ddim", "scheduler", "ddim"),
        ("CANDIDATES=3", "candidates", 3),
    ],
)
def test_each_name_in_env_sets_its_field(tmp_path: Path, line: str, name: str, value: object) -> None:
    key, text = line.split("=")
    for found in (settings_with(tmp_path, line), load_settings(None, {key: text})):
        holder = found.model_defaults("pocket") if name in PER_MODEL else found
        assert getattr(holder, name) == value


def test_the_roots_env_goes_over_the_one_in_app(tmp_path: Path) -> None:
    """People of change_audio keep theirs in app/.env."""
    inner, outer = tmp_path / "app" / ".env", tmp_path / ".env"
    inner.parent.mkdir()
    inner.write_text("PORT=1001\nQUEUE_SIZE=5\n")
    outer.write_text("PORT=1002\n")
    found = load_settings((inner, outer), {})
    assert (found.port, found.queue_size) == (1002, 5)
    assert [path.relative_to(ROOT).as_posix() for path in env_files()] == ["app/.env", ".env"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("PRT=80", "sets PRT, which is unknown: did you mean PORT?"),
        ("PORT=eighty", "must be a whole number from 1 to 65535"),
        ("PORT=70000", "is 70000, but must be from 1 to 65535"),
        ("MAX_IMAGE_WIDTH=1001", "not a multiple of 8: choose 1000 or 1008"),
        ("THREADS_ON_SPLITTING=0", "must be from 1 to 64"),
        ("LOUDNESS=loud", "must be a number from -40 to -6"),
        ("LOUDNESS=nan", "must be from -40 to -6"),
        ("SHARE=maybe", "write true or false"),
        ("SPLIT_MODE=rough", "choose one of keyframe, exact, reencode"),
        ("GUIDANCE_SCALE=nan", "must be from 0 to 45"),
        ("NUM_INFERENCE_STEPS=0", "must be from 1 to 100"),
        ("SCHEDULER=fast", "choose one of dpm++"),
    ],
)
def test_a_wrong_value_is_one_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        settings_with(tmp_path, line)


def test_an_unknown_key_in_a_config_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "default.toml").write_text("max_image_widht = 8\n")
    with pytest.raises(ConfigError, match=r"configs/default\.toml sets max_image_widht.*did you mean max_image_width"):
        load_settings(None, {}, config_dir=tmp_path)
    (tmp_path / "default.toml").write_text("= 8\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_settings(None, {}, config_dir=tmp_path)


def test_an_unknown_override_is_an_error() -> None:
    with pytest.raises(ConfigError, match="did you mean device"):
        load_settings(None, {}, devise="cpu")


def test_right_spelling_wins_with_a_note(tmp_path: Path) -> None:
    both = settings_with(tmp_path, "THREADS_ON_SPLITING=2\nTHREADS_ON_SPLITTING=6\n")
    assert both.threads_on_splitting == 6
    assert "THREADS_ON_SPLITTING is used" in both.notes[0]
    assert not settings_with(tmp_path, "THREADS_ON_SPLITING=6\nTHREADS_ON_SPLITTING=6\n").notes


def test_each_model_has_its_own_defaults_and_env_goes_over_them(tmp_path: Path) -> None:
    found = settings_with(tmp_path, model="riffusion")
    assert found.model_defaults("riffusion").guidance_scale == 7.0
    assert found.model_defaults("pocket") != found.model_defaults("riffusion")
    assert found.model_defaults("/some/folder") == found.model_defaults("")
    over = settings_with(tmp_path, "GUIDANCE_SCALE=3", model="riffusion")
    assert over.model_defaults("riffusion").guidance_scale == over.model_defaults("pocket").guidance_scale == 3.0
    own = found.model_defaults("riffusion").num_inference_steps
    assert over.model_defaults("riffusion").num_inference_steps == own


def test_the_token_is_never_shown(tmp_path: Path) -> None:
    assert "r8_secret" not in repr(settings_with(tmp_path, "REPLICATE_API_TOKEN=r8_secret"))


def test_env_example_names_every_setting_once_and_is_valid(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()
    named = re.findall(r"^# ([A-Z0-9_]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in (*FIELDS, *PER_MODEL))
    found = settings_with(tmp_path, re.sub(r"^# (?=[A-Z0-9_]+=)", "", text, flags=re.MULTILINE))
    assert found.port == 7860
    assert found.loudness is None


def test_process_environment_may_hold_anything_else() -> None:
    assert load_settings(None, {"PATH": "/bin", "HF_HOME": "/x", "PORT": ""}).port == 7860
