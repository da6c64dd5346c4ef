// The film: before and after play in step, one of them seen and heard, so that switching goes on at the same instant.
const SHUTTLE = [-4, -2, -1, 0, 1, 2, 4];
const APART_SECONDS = 0.06;
const clock = (seconds) => {
  const ms = Math.round(1000 * Math.max(0, seconds)), pad = (number, digits) => String(number).padStart(digits, "0");
  const [hours, minutes] = [Math.floor(ms / 3600000), Math.floor(ms / 60000) % 60];
  return `${hours ? `${hours}:` : ""}${pad(minutes, 2)}:${pad(Math.floor(ms / 1000) % 60, 2)}.${pad(ms % 1000, 3)}`;
};

const stage = {
  root: null, side: "a", loops: false, speed: 0, until: Infinity, wanted: 0,
  find: (selector) => stage.root?.querySelector(selector),
  video: (side) => stage.find(`video[data-side="${side}"]`),
  get seen() { return stage.video(stage.side); },
  get other() { return stage.video(stage.side === "a" ? "b" : "a"); },
  get facts() { return document.querySelector("#timeline .timeline")?.dataset ?? {}; },
  get duration() { return Number(stage.facts.duration ?? 0); },
  get time() { const video = stage.seen; return video?.readyState ? video.currentTime : stage.wanted; },
  get frame() { return 1 / Number(stage.facts.rate || 25); },

  source(side, url) {
    const video = stage.video(side);
    if ((video.dataset.url ?? "") === url) return;
    video.dataset.url = url;
    stage.find(".screen .problem").hidden = true;
    if (!url) { video.removeAttribute("src"); video.load(); return; }
    const at = stage.wanted;
    video.addEventListener("loadedmetadata", () => { video.currentTime = Math.max(at, stage.wanted); }, { once: true });
    video.src = url;
  },

  // What the server shows of the film has changed.
  refresh() {
    if (!stage.root) return;
    const { before = "", after = "", poster = "", shape = "16 / 9", film = "" } = stage.facts;
    if (stage.root.dataset.film !== film) { stage.pause(); stage.wanted = 0; stage.until = Infinity; stage.root.dataset.film = film; }
    stage.root.hidden = !before;
    stage.root.style.setProperty("--shape", shape);
    for (const side of ["a", "b"]) stage.video(side).poster = poster;
    stage.source("a", before);
    stage.source("b", after);
    stage.root.classList.toggle("compared", Boolean(after));
    stage.find('[data-to="b"]').disabled = !after;
    stage.show(after ? stage.side : "a", mixer.on);
    stage.paint();
  },

  show(side, mixed = false) {
    if (mixer.on && !mixed) mixer.hear(false);
    const before = stage.seen, playing = stage.speed > 0;
    stage.side = side;
    for (const one of ["a", "b"]) {
      const video = stage.video(one), seen = one === side;
      video.classList.toggle("seen", seen);
      video.muted = !seen || stage.root.classList.contains("quiet");
      video.tabIndex = -1;
      video.toggleAttribute("aria-hidden", !seen);
      stage.find(`[data-to="${one}"]`).setAttribute("aria-pressed", String(seen));
    }
    if (stage.seen !== before && before.readyState) {
      if (Math.abs(stage.seen.currentTime - before.currentTime) > APART_SECONDS) stage.seen.currentTime = before.currentTime;
      if (playing && stage.seen.paused) stage.start(stage.seen);
    }
  },

  start(video) { if (video.dataset.url) video.play().catch((error) => stage.refused(video, error)); },
  // Nobody has touched the page lately: browsers then play without sound only.
  refused(video, error) {
    if (error.name !== "NotAllowedError" || video !== stage.seen) return;
    stage.root.classList.add("quiet");
    video.muted = true;
    video.play().catch(() => stage.pause());
  },

  play(speed = 1) {
    document.querySelectorAll("audio, video").forEach((one) => { if (!stage.root.contains(one)) one.pause(); });
    const [from, to] = timeline.range;
    if (stage.loops && to > from && (stage.time < from || stage.time >= to - stage.frame / 2)) stage.seek(from);
    else if (stage.time >= stage.duration - stage.frame / 2 && speed > 0) stage.seek(0);
    stage.speed = speed;
    for (const video of [stage.seen, stage.other]) {
      video.playbackRate = Math.max(speed, 0.25);
      if (speed > 0) stage.start(video); else video.pause();
    }
    mixer.follow();
    stage.paint();
    requestAnimationFrame(stage.tick);
  },
  pause() {
    stage.speed = 0;
    stage.until = Infinity;
    for (const video of [stage.seen, stage.other]) video.pause();
    mixer.follow();
    stage.paint();
  },
  toggle() { if (stage.speed) stage.pause(); else stage.play(); },
  shuttle(step) {
    const speed = SHUTTLE[Math.min(Math.max(SHUTTLE.indexOf(stage.speed) + step, 0), SHUTTLE.length - 1)];
    if (speed) stage.play(speed); else stage.pause();
  },
  seek(seconds) {
    stage.wanted = Math.min(Math.max(seconds, 0), stage.duration);
    for (const video of [stage.seen, stage.other]) if (video.readyState) video.currentTime = stage.wanted;
    mixer.follow();
    stage.paint();
  },
  playRange(from, to) { stage.seek(from); stage.play(); stage.until = to; },

  tick(now) {
    if (!stage.speed) return;
    const seen = stage.seen, other = stage.other, [from, to] = timeline.range;
    if (stage.speed < 0) stage.seek(stage.time + stage.speed * Math.min(0.1, (now - (stage.last ?? now)) / 1000));
    stage.last = now;
    if (stage.speed > 0 && other.readyState > 1 && Math.abs(other.currentTime - seen.currentTime) > 2 * APART_SECONDS) {
      other.currentTime = seen.currentTime;
    }
    if (stage.loops && to > from && stage.time >= to - stage.frame / 2) stage.seek(from);
    else if (stage.time >= stage.until) stage.pause();
    else if ((seen.ended && stage.speed > 0) || (stage.time <= 0 && stage.speed < 0)) stage.pause();
    mixer.tick();
    stage.paint();
    requestAnimationFrame(stage.tick);
  },

  paint() {
    if (!stage.root) return;
    if (stage.seen.readyState) stage.wanted = stage.seen.currentTime;
    const button = stage.find(".play"), playing = stage.speed !== 0;
    button.setAttribute("aria-label", playing ? button.dataset.pause : button.dataset.play);
    button.classList.toggle("playing", playing);
    stage.find(".clock").textContent = `${clock(stage.time)} / ${clock(stage.duration)}`;
    timeline.paint();
  },
  say(text) { const line = document.querySelector("#stage .said"); if (line && line.textContent !== text) line.textContent = text; },
};

// Called by the film, once.
window.dubStage = (element) => {
  stage.root = element.querySelector(".stage");
  stage.root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (event.target.closest(".screen") && !button) { stage.toggle(); return; }
    if (!button) return;
    if (button.classList.contains("play")) stage.toggle();
    if (button.dataset.to) stage.show(button.dataset.to);
    if (button.classList.contains("loop")) {
      stage.loops = !stage.loops;
      button.setAttribute("aria-pressed", String(stage.loops));
    }
    if (button.classList.contains("unmute")) { stage.root.classList.remove("quiet"); stage.show(stage.side); }
    if (button.classList.contains("full")) stage.find(".screen").requestFullscreen?.();
  });
  for (const side of ["a", "b"]) {
    const video = stage.video(side);
    video.addEventListener("seeked", () => { if (side === stage.side) stage.paint(); });
    video.addEventListener("error", () => { if (video.dataset.url) stage.find(".screen .problem").hidden = false; });
  }
  stage.refresh();
};

const KEYS = {
  " ": () => stage.toggle(), k: () => stage.pause(), j: () => stage.shuttle(-1), l: () => stage.shuttle(1),
  ArrowLeft: () => stage.seek(stage.time - stage.frame), ArrowRight: () => stage.seek(stage.time + stage.frame),
  i: () => timeline.setEdge(0, stage.time), o: () => timeline.setEdge(1, stage.time),
  b: () => { if (stage.facts.after) stage.show(stage.side === "a" ? "b" : "a"); },
  Home: () => stage.seek(0), End: () => stage.seek(stage.duration),
};
document.addEventListener("keydown", (event) => {
  const here = event.target, inFilm = here.closest?.("#stage, #timeline");
  if (!stage.root || stage.root.hidden || event.ctrlKey || event.metaKey || (here !== document.body && !inFilm)) return;
  if (here.matches("input, textarea, select, summary") || (event.key === " " && here.closest("button"))) return;
  if (here.closest('[role="slider"]') && event.key.startsWith("Arrow")) return;
  if (event.shiftKey && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    event.preventDefault();
    choosePartNumber(value("part") + (event.key === "ArrowRight" ? 1 : -1));
    stage.seek(timeline.range[0]);
    return;
  }
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
