// What a run says reaches whoever does not look: the window's title, a screen reader, and at its end the film itself.
const pageTitle = document.title;
let lastDone = "", lastStage = "", follows = false;
window.dubProgress = (element) => {
  new MutationObserver(() => {
    const bar = element.querySelector('[role="progressbar"]'), done = element.querySelector(".done");
    const plain = window.dubTitle ?? pageTitle;
    if (bar) {
      follows = true;
      const name = element.querySelector(".progress b")?.textContent ?? "";
      if (name !== lastStage) { lastStage = name; stage.say(name); }
      const share = bar.getAttribute("aria-valuenow");
      document.title = share ? `${share} % – ${plain}` : `… ${plain}`;
      return;
    }
    lastStage = "";
    if (!done) {
      const problem = element.querySelector(".problem, .note");
      document.title = plain;
      if (problem) stage.say(problem.textContent);
      return;
    }
    if (done.dataset.run === lastDone) return;
    lastDone = done.dataset.run;
    const sentence = done.querySelector(".finish").textContent.trim();
    document.title = `${sentence} – ${plain}`;
    stage.say(sentence);
    // Whoever comes back later finds the result, and has to ask for it to be played.
    if (follows) playNew(Number(done.dataset.from), Number(done.dataset.to));
    follows = false;
  }).observe(element, { childList: true, subtree: true, characterData: true });
};

// The new film reaches the page a moment after the run's last word.
const playNew = (from, to, tries = 50) => {
  const ready = stage.facts.after && stage.video("b").readyState >= 1 && stage.video("b").dataset.url === stage.facts.after;
  if (!ready && tries) { setTimeout(() => playNew(from, to, tries - 1), 100); return; }
  if (!stage.facts.after) return;
  stage.show("b");
  stage.playRange(from, to);
  const { top, bottom } = stage.find(".screen").getBoundingClientRect();
  const bar = matchMedia("(max-width: 640px)").matches ? document.querySelector("#go").clientHeight : 0;
  if (top < 0 || bottom > innerHeight - bar) stage.root.scrollIntoView({ block: "start", behavior: "smooth" });
};
document.addEventListener("focusin", () => { if (lastDone) document.title = window.dubTitle ?? pageTitle; });
