// What the browser does on its own: choosing by keyboard, comparing at the same instant, light and dark.
(() => {
  const radios = (group) => [...group.querySelectorAll('[role="radio"]')];

  const press = (button) => {
    radios(button.closest('[role="radiogroup"]')).forEach((other) => {
      other.setAttribute("aria-checked", String(other === button));
      other.tabIndex = other === button ? 0 : -1;
    });
    button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const moved = (key, at, count) =>
    ({ ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: count - 1 })[key];

  // Called by the filmstrip and the stills: presses what was chosen and tells the server.
  window.dubChoose = (element, tell) => {
    element.addEventListener("click", (event) => {
      const button = event.target.closest('[role="radio"]');
      if (button) { press(button); tell(Number(button.dataset.index)); }
    });
    element.addEventListener("keydown", (event) => {
      const button = event.target.closest('[role="radio"]');
      if (!button) return;
      const all = radios(button.closest('[role="radiogroup"]'));
      const next = moved(event.key, all.indexOf(button), all.length);
      if (next === undefined) return;
      event.preventDefault();
      const target = all[Math.min(Math.max(next, 0), all.length - 1)];
      press(target);
      tell(Number(target.dataset.index));
    });
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
