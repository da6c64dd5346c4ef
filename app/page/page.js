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
  // Called once the page is there, after Gradio has set its own.
  window.dubReady = () => {
    // What is said of the prompt changes while somebody types: spoken when there is a pause.
    document.querySelector("#reading")?.setAttribute("aria-live", "polite");
    const kept = localStorage.getItem("dub-theme");
    if (kept && !new URLSearchParams(location.search).has("__theme")) document.body.classList.toggle("dark", kept === "dark");
  };
})();
