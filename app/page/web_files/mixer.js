// The mixer plays the film's own sound and the music by themselves, at the levels that a remix would give them; what the
// limiter and the loudness of the whole do besides is heard once the mix is applied.
const GLIDE_SECONDS = 0.012;
const OUT_OF_STEP_SECONDS = 0.07;
const toGain = (db) => 10 ** (db / 20);

const mixer = {
  on: false, context: null, own: null, music: null, buffer: null, url: "", source: null, startedAt: 0, offset: 0, root: null, slow: 0, slowAt: 0,
  get facts() { return mixer.root?.querySelector(".mix-facts")?.dataset; },
  number(id) { return Number(document.querySelector(`#${id} input[type="number"]`)?.value ?? 0); },
  get mode() { return document.querySelector("#mix_mode input:checked")?.value ?? "replace"; },

  async hear(on) {
    if (on && !mixer.facts) return;
    mixer.on = on;
    document.querySelector("#hear button")?.setAttribute("aria-pressed", String(on));
    if (on) {
      mixer.connect();
      await mixer.context.resume();
      await mixer.load();
      if (!mixer.on) return;
      stage.show("a", true);
      const from = Number(mixer.facts.from), to = Number(mixer.facts.to);
      if (stage.time < from || stage.time >= to) stage.seek(from);
      if (!stage.speed) stage.play();
    }
    mixer.follow();
    mixer.level();
  },
  connect() {
    if (mixer.context) return;
    mixer.context = new AudioContext();
    mixer.own = mixer.context.createGain();
    mixer.music = mixer.context.createGain();
    mixer.context.createMediaElementSource(stage.video("a")).connect(mixer.own).connect(mixer.context.destination);
    mixer.music.connect(mixer.context.destination);
  },
  async load() {
    const url = mixer.facts.wav;
    if (mixer.url === url) return;
    mixer.buffer = await mixer.context.decodeAudioData(await (await fetch(url)).arrayBuffer());
    mixer.url = url;
  },

  // The music begins, stops and moves with the film.
  follow() {
    mixer.source?.stop();
    mixer.source = null;
    if (!mixer.context) return;
    if (!mixer.on || stage.speed !== 1 || !mixer.buffer || !mixer.facts) { mixer.level(); return; }
    const into = stage.time - Number(mixer.facts.from);
    if (into >= mixer.buffer.duration) return;
    mixer.source = mixer.context.createBufferSource();
    mixer.source.buffer = mixer.buffer;
    mixer.source.connect(mixer.music);
    mixer.startedAt = mixer.context.currentTime - into;
    mixer.source.start(mixer.context.currentTime + Math.max(0, -into), Math.max(0, into));
  },

  // How loud both are now; replace, under and duck as app/soundtrack/mix.py has them.
  gains() {
    const facts = mixer.facts, at = stage.time, from = Number(facts.from), to = Number(facts.to);
    if (at < from || at >= to) return [1, 0];
    const curve = (seconds, length) => (length > 0 ? 0.5 - 0.5 * Math.cos(Math.PI * Math.min(1, Math.max(0, seconds / length))) : 1);
    const rise = curve(at - from, mixer.number("mix_fade_in")), fall = curve(to - at, mixer.number("mix_fade_out"));
    if (mixer.mode === "replace" || !facts.own) return [Math.min(1, 2 - rise - fall), toGain(Number(facts.replace)) * rise * fall];
    const level = mixer.number("mix_gain"), depth = mixer.number("mix_depth");
    let db = Number(facts.under) + level;
    if (mixer.mode === "duck") {
      const speaks = mixer.speaking(at - from);
      db = Number(facts.under) + (depth ? level - depth * speaks : level * speaks);
    }
    return [1, toGain(db) * rise * fall];
  },
  speaking(into) {
    mixer.envelope ??= JSON.parse(mixer.facts.speaks);
    const now = performance.now() / 1000, hertz = Number(mixer.facts.hertz);
    const aim = mixer.envelope[Math.min(mixer.envelope.length - 1, Math.round((into + mixer.number("mix_attack")) * hertz))] ?? 0;
    const over = aim > mixer.slow ? mixer.number("mix_attack") / 2 : mixer.number("mix_release");
    mixer.slow += (aim - mixer.slow) * (1 - Math.exp(-Math.min(0.2, now - mixer.slowAt) / Math.max(0.01, over)));
    mixer.slowAt = now;
    return mixer.slow;
  },
  level() {
    if (!mixer.context) return;
    const [own, music] = mixer.on && mixer.facts ? mixer.gains() : [1, 0];
    mixer.own.gain.setTargetAtTime(own, mixer.context.currentTime, GLIDE_SECONDS);
    mixer.music.gain.setTargetAtTime(music, mixer.context.currentTime, GLIDE_SECONDS);
    if (mixer.root) mixer.root.dataset.gains = `${own.toFixed(3)} ${music.toFixed(3)}`;
  },
  tick() {
    if (!mixer.on) return;
    const apart = mixer.context.currentTime - mixer.startedAt - (stage.time - Number(mixer.facts?.from ?? 0));
    if (!mixer.facts || (mixer.source && Math.abs(apart) > OUT_OF_STEP_SECONDS)) mixer.follow();
    if (!mixer.facts) { mixer.hear(false); return; }
    mixer.level();
  },
};

// Called by what the server says of the two sounds, once.
window.dubMixer = (element) => {
  mixer.root = element;
  new MutationObserver(() => {
    mixer.envelope = undefined;
    if (mixer.on && !mixer.facts) mixer.hear(false);
  }).observe(element, { childList: true, subtree: true, attributeFilter: ["data-wav", "data-speaks"] });
};
document.addEventListener("click", (event) => {
  if (event.target.closest("#hear button")) mixer.hear(!mixer.on);
});
document.addEventListener("input", (event) => {
  if (!event.target.closest("#panel-mixer")) return;
  if (mixer.on) mixer.level(); else mixer.hear(true);
});
