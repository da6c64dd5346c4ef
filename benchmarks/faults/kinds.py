"""The faults."""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from app.media import ffmpeg
from app.result import folder as result_folder
from benchmarks.faults.check import Row, leftovers, state_after, state_of
from benchmarks.faults.child import Befall, Ended, run
from benchmarks.hum import HumModel
from riffusion_inference.errors import EngineError

OLD_SEED, NEW_SEED = "1", "2"
ENDINGS = ("kill -9 $$", "exit 1", "kill -SEGV $$")


@dataclass
class Bench:
    """Where the faults happen."""

    folder: Path
    """Empty at first; everything is below it."""
    chance: random.Random
    """Decides times and places; seeded."""

    def __post_init__(self) -> None:
        self.temporary = self.folder / "tmp"
        self.place = self.folder / "place"
        self.out = self.place / "out"
        self.clip = self.folder / "clip.mp4"
        self.source = self.folder / "source.mp4"
        for one in (self.temporary, self.place):
            one.mkdir(exist_ok=True)
        make_clip(self.clip)
        shutil.copy(self.clip, self.source)
        self.old = self.folder / "old"
        done = run(self.words(OLD_SEED, out=self.old))
        assert done.code == 0, done.said

    def words(
        self, seed: str, *, out: Path | None = None, split: str = "exact", video: Path | None = None
    ) -> list[str]:
        """The command line of a dub; it replaces what is there."""
        given = f"--parts 2 --part 2 --prompt hum --seed {seed} --model pocket --device cpu --score off --split {split}"
        return ["dub", str(video or self.source), *given.split(), "--force", "--out", str(out or self.out)]

    def reset(self, *, in_place: bool) -> None:
        """An empty place, or one that holds an earlier result."""
        for one in (self.place, self.temporary):
            for path in one.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copy(self.clip, self.source)
        if in_place:
            shutil.copytree(self.old, self.out)

    def judge(self, row: Row, ended: Ended, *, in_place: bool, words: list[str] | None = None) -> None:
        """Look at what a fault has done, run again, and look at what is left."""
        row.runs += 1
        row.befallen += ended.code != 0
        row.sentences += ended.code in (1, 2) and ended.is_clean
        row.traces += not ended.was_killed and not ended.is_clean
        state = state_after(self.out)
        allowed = (OLD_SEED, NEW_SEED) if in_place else ("nothing", NEW_SEED)
        if state == "half":
            row.half += 1
        elif state not in allowed:
            row.lost += 1
        dead = [] if ended.was_killed else leftovers(self.place, self.temporary, known=("out",))
        shutil.copy(self.clip, self.source)
        again = run(words or self.words(NEW_SEED))
        row.again += again.code == 0 and state_of(self.out) == NEW_SEED
        left = dead + leftovers(self.place, self.temporary, known=("out",))
        row.left += bool(left)
        if state not in allowed or left or again.code or (not ended.was_killed and not ended.is_clean):
            row.trouble.append(f"{state}; left {left}; {ended.said[-600:]}; again {again.code}: {again.said[-300:]}")


def make_clip(path: Path) -> None:
    """Two seconds of film with sound."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-y",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=64x48:rate=10:d=2",
    ]
    command += [
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=330:sample_rate=16000:duration=2",
        "-c:a",
        "aac",
        "-c:v",
        "libx264",
    ]
    subprocess.run([*command, "-g", "10", "-pix_fmt", "yuv420p", str(path)], check=True)


def without_exchange() -> None:
    """As on a system that cannot let two folders change places."""
    result_folder.exchange = lambda one, other: False  # type: ignore[assignment]


def kills(bench: Bench, n: int, *, in_place: bool, step: bool, split: str = "exact") -> Row:
    """kill -9, half of the times after a random time and half at a random change to a file.

    Args:
        bench: where.
        n: how many are killed; runs that were done before their time had come are looked at too.
        in_place: whether an earlier result is being replaced.
        step: whether the system can let two folders change places in one step.
        split: how parts are cut.
    """
    how = "" if step else ", in two renames"
    row = Row(f"kill -9, {'in place' if in_place else 'fresh'}{how}{', reencode' if split == 'reencode' else ''}")
    befall = None if step else without_exchange
    bench.reset(in_place=in_place)
    whole = run(bench.words(NEW_SEED, split=split), befall=befall, watched=bench.folder)
    assert whole.code == 0, whole.said
    while row.befallen < n and row.runs < 3 * n:
        bench.reset(in_place=in_place)
        words = bench.words(NEW_SEED, split=split)
        if row.runs % 2:
            at = bench.chance.randint(1, whole.changes)
            ended = run(words, befall=befall, watched=bench.folder, act_at=at)
        else:
            ended = run(words, befall=befall, kill_after=bench.chance.uniform(0.02, whole.seconds))
        bench.judge(row, ended, in_place=in_place, words=words)
    return row


def full_disks(bench: Bench, n: int, *, in_place: bool) -> Row:
    """A disk of n sizes, from next to nothing to nearly enough; bigger for the next run. Needs root."""
    row = Row(f"full disk, {'in place' if in_place else 'fresh'}")
    bench.reset(in_place=False)
    assert run(bench.words(NEW_SEED)).code == 0
    needed = sum(path.stat().st_size // 4096 * 4096 + 4096 for path in bench.out.rglob("*"))
    for number in range(n):
        bench.reset(in_place=False)
        size = int(needed * (0.05 + 1.15 * number / n)) + (needed if in_place else 0)
        if not _mount(bench.place, size):
            row.trouble.append("a small disk can be mounted by root only")
            return row
        try:
            if in_place:
                shutil.copytree(bench.old, bench.out)
            ended = run(bench.words(NEW_SEED))
            subprocess.run(["mount", "-o", "remount,size=100m", str(bench.place)], check=True)
            bench.judge(row, ended, in_place=in_place)
        finally:
            subprocess.run(["umount", str(bench.place)], check=True)
    return row


def read_only(bench: Bench) -> Row:
    """A disk that cannot be written from some moment on. Needs root."""
    row = Row("read-only disk")
    for in_place in (False, True):
        bench.reset(in_place=False)
        if not _mount(bench.place, 100 << 20):
            row.trouble.append("a disk can be mounted by root only")
            return row
        try:
            if in_place:
                shutil.copytree(bench.old, bench.out)
            subprocess.run(["mount", "-o", "remount,ro", str(bench.place)], check=True)
            ended = run(bench.words(NEW_SEED))
            subprocess.run(["mount", "-o", "remount,rw", str(bench.place)], check=True)
            bench.judge(row, ended, in_place=in_place)
        finally:
            subprocess.run(["umount", str(bench.place)], check=True)
    return row


def _mount(folder: Path, size: int) -> bool:
    words = ["mount", "-t", "tmpfs", "-o", f"size={max(4096, size)}", "tmpfs", str(folder)]
    return subprocess.run(words, capture_output=True).returncode == 0


def vanishing_sources(bench: Bench, n: int) -> Row:
    """The film disappears at a random change to a file."""
    row = Row("the film vanishes")
    bench.reset(in_place=False)
    whole = run(bench.words(NEW_SEED), watched=bench.folder)
    for number in range(n):
        in_place = bool(number % 2)
        bench.reset(in_place=in_place)
        at = bench.chance.randint(1, whole.changes)
        ended = run(
            bench.words(NEW_SEED), watched=bench.folder, act_at=at, act=lambda: bench.source.unlink(missing_ok=True)
        )
        bench.judge(row, ended, in_place=in_place)
    return row


def dying_encoders(bench: Bench, n: int) -> Row:
    """FFmpeg's program is killed, crashes or fails after it has written something, the first, second or third time."""
    row = Row("the encoder dies")
    film = bench.folder / "film.avi"
    make_clip(film)
    words = bench.words(NEW_SEED, video=film)
    for number in range(n):
        in_place = bool(number % 2)
        bench.reset(in_place=in_place)
        fake = _dying_program(bench.folder / f"ffmpeg{number}", number // 2 % 3, ENDINGS[number % len(ENDINGS)])
        ended = run(words, befall=_using(fake))
        bench.judge(row, ended, in_place=in_place, words=words)
    return row


def _dying_program(path: Path, n_good: int, ending: str) -> Path:
    """FFmpeg that works so many times."""
    counts = path.with_suffix(".count")
    path.write_text(
        f"#!/bin/sh\necho >> '{counts}'\n"
        f"if [ $(wc -l < '{counts}') -le {n_good} ]; then exec '{imageio_ffmpeg.get_ffmpeg_exe()}' \"$@\"; fi\n"
        f'for last; do :; done\nhead -c 5000 /dev/urandom > "${{last#file:}}"\n{ending}\n'
    )
    path.chmod(0o755)
    return path


def _using(program: Path) -> Befall:
    def befall() -> None:
        ffmpeg.ffmpeg_exe = lambda: str(program)  # type: ignore[assignment]

    return befall


def raising_models(bench: Bench, n: int) -> Row:
    """The model raises while it makes music: our own error, or that there is no memory."""
    row = Row("the model raises, or finds no memory")
    errors: tuple[Callable[[], Exception], ...] = (lambda: EngineError("The model failed."), MemoryError)
    for number in range(n):
        in_place = bool(number % 4 // 2)
        bench.reset(in_place=in_place)
        bench.judge(row, run(bench.words(NEW_SEED), befall=_raising(errors[number % 2])), in_place=in_place)
    return row


def _raising(make: Callable[[], Exception]) -> Befall:
    def generate(*_: object, **__: object) -> None:
        raise make()

    def befall() -> None:
        HumModel.generate = generate  # type: ignore[assignment]

    return befall


def small_memories(bench: Bench, n: int) -> Row:
    """Once the music has been made, the process may have so much more memory and no more: from nothing to 20 MB."""
    row = Row("out of memory")
    for number in range(n):
        in_place = bool(number % 2)
        bench.reset(in_place=in_place)
        ended = run(bench.words(NEW_SEED), befall=_limited(20_000_000 * number // max(1, n - 1)))
        bench.judge(row, ended, in_place=in_place)
    return row


def _limited(more: int) -> Befall:
    plain = HumModel.generate

    def generate(*args: Any, **told: Any) -> Any:
        made = plain(*args, **told)
        has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (has + more, has + more))
        return made

    def befall() -> None:
        HumModel.generate = generate  # type: ignore[method-assign]

    return befall


def small_files(bench: Bench, n: int) -> Row:
    """No file may become larger than a limit."""
    row = Row("files may not grow")
    for number in range(n):
        in_place = bool(number % 2)
        bench.reset(in_place=in_place)
        limit = 2000 * 3**number
        ended = run(
            bench.words(NEW_SEED), befall=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        )
        bench.judge(row, ended, in_place=in_place)
    return row
