// Choosing by pointer and keyboard. What is chosen is kept here, in widgets that nobody sees, and sent with every event. The
// server shows strips without a choice, so that an answer that comes late cannot choose another part than the one pressed.
const kept = {};
window.dubKeep = (name, props, tell) => { kept[name] = { props, tell }; };
const value = (name) => Number(kept[name]?.props.value ?? 0);
const keep = (name, number) => { if (kept[name] && value(name) !== number) kept[name].props.value = number; };
const radios = (group) => [...group.querySelectorAll('[role="radio"]')];

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

const choose = (name, button, focus = true) => {
  const index = Number(button.dataset.index);
  const changed = value(name) !== index;
  keep(name, index);
  mark(button.closest('[role="radiogroup"]'), index);
  if (focus) button.focus();
  const row = button.parentElement;
  row.scrollTo({ left: button.offsetLeft - row.offsetLeft - (row.clientWidth - button.clientWidth) / 2 });
  if (name === "part") timeline.choosePart(index, changed);
  if (!changed || name !== "part") return;
  dropStale(index);
  kept.part.tell();
};

const partButton = (index) => document.querySelector(`#strip [role="radio"][data-index="${index}"]`);
const choosePartNumber = (index) => { const button = partButton(index); if (button) choose("part", button, false); };

const moved = (key, at, count) =>
  ({ ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: count - 1 })[key];

let shownFilm = "", inStrip = false;
document.addEventListener("focusin", (event) => { inStrip = Boolean(event.target.closest("#strip")); });
// A new strip came from the server: it shows what is chosen here, or the last part where there are fewer now.
const redrawn = (name, element) => {
  const all = radios(element);
  if (name === "part") {
    const { film, part } = element.querySelector("[data-film]")?.dataset ?? {};
    if (film && film !== shownFilm) keep("part", Number(part ?? 1));
    shownFilm = film ?? shownFilm;
    keep("parts_shown", all.length);
    if (all.length) keep("part", Math.min(Math.max(value("part"), 1), all.length));
    mark(element, value("part"));
    timeline.choosePart(value("part"), false);
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

// Called by the parts and by the stills.
window.dubStrip = (name, element) => {
  // Gradio changes attributes alone where only those are new.
  const watched = name === "part" ? { attributeFilter: ["aria-checked", "data-part"] } : {};
  new MutationObserver(() => redrawn(name, element)).observe(element, { childList: true, subtree: true, ...watched });
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
    event.stopPropagation();
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
