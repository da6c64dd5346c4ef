// What the browser does on its own: choosing by keyboard, comparing at the same instant, light and dark.
(() => {
  const radios = (group) => [...group.querySelectorAll('[role="radio"]')];

  // What is chosen is kept here, in widgets that nobody sees, and sent with every event. The server shows strips without a
  // choice, so that an answer that comes late cannot choose another part than the one that is pressed.
  const kept = {};
  window.dubKeep = (name, props, tell) => { kept[name] = { props, tell }; };
  const value = (name) => Number(kept[name]?.props.value ?? 0);
  const keep = (name, number) => { if (kept[name] && value(name) !== number) kept[name].props.value = number; };

  // Settings that somebody has set; a checkpoint's own values go on standing for the others.
  window.dubTouch = (name) => {
    const touched = kept.touched?.props.value ?? [];
    if (!touched.includes(name)) kept.touched.props.value = [...touched, name];
  };

  const mark = (group, index) => radios(group).forEach((button) => {
    const chosen = Number(button.dataset.index) === index;
    if (button.getAttribute("aria-checked") !== String(chosen)) button.setAttribute("aria-checked", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
  });

  // Stills belong to one part.
  const dropStale = (part) => {
    const stills = document.querySelector("#stills [data-part]");
    if (!stills || Number(stills.dataset.part) === part) return;
    keep("still", 0);
    const hint = Object.assign(document.createElement("p"), { className: "hint", textContent: stills.dataset.empty });
    stills.removeAttribute("data-part");
    stills.classList.add("empty");
    stills.replaceChildren(hint);
  };

  const choose = (name, button) => {
    const index = Number(button.dataset.index);
    const changed = value(name) !== index;
    keep(name, index);
    mark(button.closest('[role="radiogroup"]'), index);
    button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (!changed || name !== "part") return;
    dropStale(index);
    kept.part.tell();
  };

  const moved = (key, at, count) =>
    ({ ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: count - 1 })[key];

  let shownFilm = "", inStrip = false;
  document.addEventListener("focusin", (event) => { inStrip = Boolean(event.target.closest("#strip")); });
  // A new strip came from the server: it shows what is chosen here, or the last part where there are fewer now.
  const redrawn = (name, element) => {
    const all = radios(element);
    if (name === "part") {
      const film = element.querySelector("[data-film]")?.dataset.film;
      if (film && film !== shownFilm) keep("part", 1);
      shownFilm = film ?? shownFilm;
      keep("parts_shown", all.length);
      if (all.length) keep("part", Math.min(Math.max(value("part"), 1), all.length));
      mark(element, value("part"));
      // Whoever walks along the strip by keyboard goes on where it was.
      if (inStrip && document.activeElement === document.body) {
        element.querySelector('[aria-checked="true"]')?.focus({ preventScroll: true });
      }
      return;
    }
    keep("still", 0);
    mark(element, 0);
    if (all.length) dropStale(value("part"));
  };

  // Called by the filmstrip and by the stills.
  window.dubStrip = (name, element) => {
    new MutationObserver(() => redrawn(name, element)).observe(element, { childList: true, subtree: true });
    element.addEventListener("click", (event) => {
      const button = event.target.closest('[role="radio"]');
      if (button) choose(name, button);
    });
    element.addEventListener("keydown", (event) => {
      const button = event.target.closest('[role="radio"]');
      if (!button) return;
      const all = radios(button.closest('[role="radiogroup"]'));
      const next = moved(event.key, all.indexOf(button), all.length);
      if (next === undefined) return;
      event.preventDefault();
      choose(name, all[Math.min(Math.max(next, 0), all.length - 1)]);
    });
  };

  // Answers may overtake each other: where the last one to come was about another part, ask again.
  window.dubCard = (element) => {
    new MutationObserver(() => {
      const { part, parts } = element.querySelector(".card")?.dataset ?? {};
      if (Number(part) && Number(parts) === value("parts_shown") && Number(part) !== value("part")) kept.part.tell();
    }).observe(element, { childList: true, subtree: true });
  };

  const only = (video) => document.querySelectorAll("video, audio").forEach((other) => { if (other !== video) other.pause(); });

  // Play one thing at a time; of a before-and-after pair, the other side takes over at the same instant.
  document.addEventListener("play", (event) => {
    const video = event.target;
    const pair = video.closest("[data-pair]");
    if (pair) {
      const other = [...pair.querySelectorAll("video")].find((v) => v !== video);
      if (other && !other.paused) video.currentTime = other.currentTime;
    }
    const from = Number(video.dataset.from ?? NaN), to = Number(video.dataset.to ?? NaN);
    if (!Number.isNaN(from) && (video.currentTime < from - 0.05 || video.currentTime >= to - 0.05)) video.currentTime = from;
    only(video);
  }, true);

  document.addEventListener("timeupdate", (event) => {
    const to = Number(event.target.dataset?.to ?? NaN);
    if (!Number.isNaN(to) && event.target.currentTime >= to && !event.target.paused) event.target.pause();
  }, true);

  // A take's spectrogram and score show the moment that is heard.
  const follow = (audio) => {
    const x = `${(100 * audio.currentTime) / audio.duration || 0}%`;
    audio.closest(".take").querySelectorAll(".playhead").forEach((line) => {
      line.hidden = false;
      line.style.left = x;
      if (line.tagName === "line") { line.setAttribute("x1", x); line.setAttribute("x2", x); }
    });
    if (!audio.paused) requestAnimationFrame(() => follow(audio));
  };
  for (const name of ["play", "seeked"]) document.addEventListener(name, (event) => {
    if (event.target.closest(".take")) follow(event.target);
  }, true);

  // Gradio's own player has no name for screen readers.
  document.addEventListener("loadedmetadata", (event) => {
    if (event.target.closest("#video") && !event.target.hasAttribute("aria-label")) event.target.setAttribute("aria-label", "Your video");
  }, true);

  document.addEventListener("error", (event) => {
    if (event.target.tagName !== "VIDEO" || !event.target.closest("#panel-results")) return;
    const said = event.target.parentElement.querySelector(".problem");
    if (said) said.hidden = false;
  }, true);

  document.addEventListener("click", (event) => {
    if (!event.target.closest("button.theme")) return;
    const dark = document.body.classList.toggle("dark");
    localStorage.setItem("dub-theme", dark ? "dark" : "light");
  });
  // Where cookies are blocked, a visitor is known by the page's own address (web/identity.py): addresses within the page
  // start there too.
  const base = document.querySelector("base");
  if (base && window.gradio_config?.root) {
    base.href = `${new URL(window.gradio_config.root, location.href).pathname.replace(/\/$/, "")}/`;
  }

  const plainFetch = window.fetch.bind(window);
  const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

  // One file in pieces that proxies let through; a piece that does not arrive is sent again, from where the server is.
  const sendInPieces = async (upload, file) => {
    const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    let at = 0, failures = 0, answer;
    do {
      const asks = new URLSearchParams({ id, at, total: file.size, name: file.name });
      const body = file.slice(at, at + window.dubPieceBytes);
      try {
        answer = await plainFetch(`${upload}_piece?${asks}`, { method: "POST", body, credentials: "same-origin" });
      } catch (error) {
        if ((failures += 1) > 5) throw error;
        await wait(2 ** failures);
        continue;
      }
      const said = await answer.clone().json();
      if (said.path) return said;
      if (said.at === undefined || (answer.status === 409 && (failures += 1) > 5)) return { refused: answer };
      at = said.at;
    } while (true);
  };

  window.fetch = async (where, options) => {
    const files = options?.body instanceof FormData ? options.body.getAll("files") : [];
    const upload = String(where?.url ?? where).split("?")[0];
    const large = files.some((file) => file.size > window.dubPieceBytes);
    if (!large || !upload.endsWith("/gradio_api/upload")) return plainFetch(where, options);
    const paths = [];
    for (const file of files) {
      const sent = await sendInPieces(upload, file);
      if (sent.refused) return sent.refused;
      paths.push(sent.path);
    }
    return new Response(JSON.stringify(paths), { headers: { "content-type": "application/json" } });
  };

  // Called once the page is there, after Gradio has set its own.
  window.dubReady = () => {
    // What is said of the prompt changes while somebody types: spoken when there is a pause.
    document.querySelector("#reading")?.setAttribute("aria-live", "polite");
    const kept = localStorage.getItem("dub-theme");
    if (kept && !new URLSearchParams(location.search).has("__theme")) document.body.classList.toggle("dark", kept === "dark");
  };
})();
