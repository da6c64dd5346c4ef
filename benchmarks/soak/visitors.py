"""The visitors: those who wait for their music, those who cancel, those who vanish, and one who means harm."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import subprocess
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import imageio_ffmpeg
import numpy as np
import soundfile
from gradio_client import Client, handle_file

from benchmarks.soak.server import pitch_of

API = "/gradio_api"
ANSWER_SECONDS = 300
CLIP_FRAMES = 20


@dataclass
class Tally:
    """What all of them have seen."""

    waits: list[float] = field(default_factory=list)
    """Seconds from an order to its answer, of those who wait."""
    turns: Counter[int] = field(default_factory=Counter)
    """Answers by visitor, of those who wait."""
    answers: int = 0
    """Answers that were looked at."""
    wrong: list[str] = field(default_factory=list)
    """Answers that were not their owner's, or none."""
    cancelled: int = 0
    vanished: int = 0
    attacks: int = 0
    """Requests that meant harm."""
    broken: list[str] = field(default_factory=list)
    """Attacks that came through."""
    paths: set[str] = field(default_factory=set)
    """Files on the server, for whoever wants to steal them."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Visitor:
    """One of them."""

    number: int
    url: str
    folder: Path
    tally: Tally
    until: float
    """When to go, on the monotonic clock."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.number)
        self.token = f"{self.number + 1:064x}"
        self.folder.mkdir()
        self.clip = make_clip(self.folder / f"clip{self.number}.mp4", self.number)
        self.sha256 = hashlib.sha256(self.clip.read_bytes()).hexdigest()

    def client(self) -> Client:
        """A program of this visitor's."""
        headers = {"x-visitor": self.token}
        return Client(
            self.url, verbose=False, headers=headers, download_files=str(self.folder), httpx_kwargs={"timeout": 60}
        )

    def order(self, client: Client, prompt: str) -> object:
        """Order music for the second half of the clip."""
        return client.submit(
            handle_file(str(self.clip)), prompt, n_parts=2, part=2, seed=7, score="off", api_name="/dub"
        )

    def prompt(self, turn: int) -> str:
        """Nobody else's words."""
        return f"visitor {self.number}, turn {turn}"

    def live(self, turn_of: Callable[[Visitor, Client, int], None]) -> None:
        """Take turns until it is time to go; whatever goes wrong is told."""
        turn, client = 0, self.client()
        while time.monotonic() < self.until:
            turn += 1
            try:
                turn_of(self, client, turn)
            except Exception as error:
                with self.tally.lock:
                    self.tally.wrong.append(
                        f"visitor {self.number}, turn {turn}: {type(error).__name__}: {error}"[:300]
                    )
                time.sleep(1)
        client.close()


def wait(me: Visitor, client: Client, turn: int) -> None:
    """Wait for the music, and look whether it is one's own."""
    prompt, began = me.prompt(turn), time.monotonic()
    film, music, _, _ = me.order(client, prompt).result(ANSWER_SECONDS)  # type: ignore[attr-defined]
    waited = time.monotonic() - began
    trouble = look_at(me, Path(client.predict(api_name="/archive")), prompt, Path(music))
    with me.tally.lock:
        me.tally.waits.append(waited)
        me.tally.turns[me.number] += 1
        me.tally.answers += 1
        me.tally.wrong += [f"visitor {me.number}, turn {turn}: {trouble}"] if trouble else []
    for path in (film, music):
        Path(path).unlink(missing_ok=True)


def look_at(me: Visitor, archive: Path, prompt: str, music: Path) -> str:
    """What is not the visitor's own in an answer; empty where all is."""
    with zipfile.ZipFile(archive) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        sounds = {name: packed.read(name) for name in packed.namelist() if name.endswith(".wav")}
    archive.unlink()
    if manifest["source"]["sha256"] != me.sha256:
        return "another's film"
    prompts = [dub["music"]["generation"]["prompt"] for dub in manifest["dubs"]]
    if prompts != [prompt]:
        return f"another's prompt: {prompts}"
    if hashlib.sha256(music.read_bytes()).digest() not in {hashlib.sha256(sound).digest() for sound in sounds.values()}:
        return "the music is not that of the archive"
    samples, sample_rate = soundfile.read(music, dtype="float32", always_2d=True)
    spectrum = np.abs(np.fft.rfft(samples[:, 0]))
    heard = float(np.argmax(spectrum)) * sample_rate / len(samples)
    return "" if abs(heard - pitch_of(prompt)) < 3 else f"another's music: {heard:.0f} Hz, not {pitch_of(prompt)}"


def cancel(me: Visitor, client: Client, turn: int) -> None:
    """Order, and think better of it; sometimes not."""
    if turn % 3 == 0:
        _, music, _, _ = me.order(client, me.prompt(turn)).result(ANSWER_SECONDS)  # type: ignore[attr-defined]
        trouble = look_at(me, Path(client.predict(api_name="/archive")), me.prompt(turn), Path(music))
        with me.tally.lock:
            me.tally.answers += 1
            me.tally.wrong += [f"visitor {me.number}, turn {turn}: {trouble}"] if trouble else []
        return
    with httpx.Client(base_url=me.url, timeout=60, headers={"x-visitor": me.token}) as plain:
        files = [("files", (me.clip.name, me.clip.read_bytes()))]
        video = {"path": plain.post(f"{API}/upload", files=files).json()[0], "meta": {"_type": "gradio.FileData"}}
        words = {"video": video, "prompt": me.prompt(turn), "n_parts": 2, "part": 2, "score": "off"}
        event = plain.post(f"{API}/call/v2/dub", json=words).json()["event_id"]
        time.sleep(me.chance.uniform(0.0, 3.0))
        plain.post(f"{API}/cancel", json={"session_hash": event, "fn_index": 0, "event_id": event}).raise_for_status()
    with me.tally.lock:
        me.tally.cancelled += 1


def vanish(me: Visitor, client: Client, turn: int) -> None:
    """Order in a new tab and close it at once."""
    fresh = me.client()
    me.order(fresh, me.prompt(turn))
    time.sleep(me.chance.uniform(0.0, 2.0))
    fresh.close()
    with me.tally.lock:
        me.tally.vanished += 1
    time.sleep(me.chance.uniform(0.0, 2.0))


def harm(me: Visitor, client: Client, turn: int) -> None:
    """Whatever comes to mind."""
    with httpx.Client(base_url=me.url, timeout=60, headers={"x-visitor": me.token}) as plain:
        for _ in range(20):
            body = {"data": [None, "mine"], "session_hash": f"hostile{turn}"}
            _attack(me, plain.post(f"{API}/call/dub", json=body).status_code < 500, "a job")
        for path in list(me.tally.paths)[:10]:
            _attack(me, plain.get(f"{API}/file={path}").status_code == 403, f"read {path}")
        too_large = plain.post(f"{API}/upload", files=[("files", ("x.mp4", bytes(6_000_000)))])
        _attack(me, too_large.status_code in (413, 429), "an upload that is too large")
        junk = plain.post(f"{API}/upload", files=[("files", ("x.mp4", me.chance.randbytes(1000)))])
        if junk.status_code == 200:
            data = {"video": {"path": junk.json()[0], "meta": {"_type": "gradio.FileData"}}}
            _attack(me, plain.post(f"{API}/call/v2/probe", json=data).status_code in (200, 429), "junk")
        for path in ("/gradio_api/proxy=http://127.0.0.1/", "/gradio_api/runs", "/gradio_api/component_server"):
            _attack(me, plain.get(path).status_code in (403, 429), path)
        lines = [hanging_upload(me.url, me.token) for _ in range(10)]
    time.sleep(me.chance.uniform(0.5, 2.0))
    for line in lines:
        line.close()


def hanging_upload(url: str, token: str) -> socket.socket:
    """An upload that says how long it is, begins, and says no more."""
    where = urlsplit(url)
    line = socket.create_connection((where.hostname, where.port))
    head = f"POST {API}/upload HTTP/1.1\r\nHost: x\r\nX-Visitor: {token}\r\nContent-Length: 900000\r\n"
    line.sendall((head + "Content-Type: multipart/form-data; boundary=X\r\n\r\n--X\r\n").encode())
    return line


def probe_among_hanging(me: Visitor, uploads: int, probes: int) -> list[float]:
    """Seconds that each of an honest visitor's probes takes, upload included, while others' uploads hang."""
    lines = [hanging_upload(me.url, f"{1000 + number % 50:064x}") for number in range(uploads)]
    seconds = []
    try:
        client = me.client()
        for _ in range(probes):
            began = time.monotonic()
            facts = client.predict(handle_file(str(me.clip)), api_name="/probe")
            seconds.append(time.monotonic() - began)
            if facts["n_frames"] != CLIP_FRAMES:
                me.tally.wrong.append(f"a probe found {facts['n_frames']} frames")
        client.close()
    finally:
        for line in lines:
            line.close()
    return seconds


def _attack(me: Visitor, held: bool, what: str) -> None:
    with me.tally.lock:
        me.tally.attacks += 1
        me.tally.broken += [] if held else [what]


def make_clip(path: Path, number: int) -> Path:
    """Two seconds of film with sound that no other visitor has."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size={64 + 2 * number}x48:rate=10:d=2", "-f", "lavfi"]
    command += [
        "-i",
        f"sine=frequency={200 + 10 * number}:sample_rate=16000:duration=2",
        "-c:a",
        "aac",
        "-c:v",
        "libx264",
    ]
    subprocess.run([*command, "-g", "10", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path
