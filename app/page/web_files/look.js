// Small things: one sound at a time, playheads of takes, light and dark, addresses where cookies are blocked.
// Play one thing at a time; the film's two sides are one.
document.addEventListener("play", (event) => {
  if (event.target.closest(".stage")) return;
  if (stage.root && stage.speed) stage.pause();
  document.querySelectorAll("video, audio").forEach((other) => { if (other !== event.target) other.pause(); });
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

// What is folded on a narrow screen.
window.dubDetail = (element) => {
  const folded = () => {
    if (!matchMedia("(max-width: 640px)").matches) return;
    element.querySelectorAll("details.drawn:not([data-seen])").forEach((one) => { one.open = false; one.dataset.seen = "1"; });
  };
  new MutationObserver(folded).observe(element, { childList: true, subtree: true });
  folded();
};

// Called once the page is there, after Gradio has set its own.
window.dubReady = () => {
  const kept = localStorage.getItem("dub-theme");
  if (kept && !new URLSearchParams(location.search).has("__theme")) document.body.classList.toggle("dark", kept === "dark");
};
