// The axis under the film: one playhead, one range. The server draws all that lies on it; what is chosen is kept here.
const NEAR_PIXELS = 9;
const DRAG_PIXELS = 6;

const timeline = {
  root: null, range: [0, 0],
  get axis() { return timeline.root?.querySelector(".axis"); },
  get parts() { return JSON.parse(stage.facts.parts ?? "[]"); },

  // Where a time lies: on a frame, or on a cut, a bar or the edge of a part where one of those is near.
  snapped(seconds, free) {
    const within = Math.min(Math.max(seconds, 0), stage.duration);
    const frame = Math.min(Math.round(within / stage.frame) * stage.frame, stage.duration);
    if (free) return frame;
    const near = (NEAR_PIXELS / timeline.axis.clientWidth) * stage.duration;
    const marks = JSON.parse(stage.facts.snaps ?? "[]").filter((mark) => Math.abs(mark - within) <= near);
    return marks.length ? marks.reduce((a, b) => (Math.abs(b - within) < Math.abs(a - within) ? b : a)) : frame;
  },
  timeAt(clientX) {
    const box = timeline.axis.getBoundingClientRect();
    return Math.min(Math.max((clientX - box.left) / box.width, 0), 1) * stage.duration;
  },

  choosePart(index, seek = true) {
    const part = timeline.parts[index - 1];
    if (!part) return;
    timeline.range = [...part];
    timeline.keepRange();
    if (seek && stage.root) stage.seek(part[0]);
    timeline.paint();
  },
  keepRange() { if (kept.range) kept.range.props.value = timeline.range.map((at) => Math.round(at * 1e6) / 1e6); },
  setRange(from, to) {
    const [first, last] = from <= to ? [from, to] : [to, from];
    timeline.range = [first, Math.max(last, Math.min(first + stage.frame, stage.duration))];
    timeline.keepRange();
    timeline.paint();
  },
  // A range that is no part yet becomes one: the server cuts the film there.
  tellRange() {
    const [from, to] = timeline.range;
    const same = timeline.parts.findIndex(([a, b]) => Math.abs(a - from) < 0.002 && Math.abs(b - to) < 0.002);
    if (same >= 0) choosePartNumber(same + 1);
    else kept.range?.tell();
  },
  setEdge(edge, seconds) {
    const range = [...timeline.range];
    range[edge] = seconds;
    if (range[0] >= range[1]) range[1 - edge] = edge ? 0 : stage.duration;
    timeline.setRange(...range);
    clearTimeout(timeline.soon);
    timeline.soon = setTimeout(timeline.tellRange, 300);
  },

  paint() {
    const axis = timeline.axis;
    if (!axis || !stage.duration) return;
    const percent = (seconds) => `${(100 * seconds) / stage.duration}%`;
    const head = axis.querySelector(".now"), [from, to] = timeline.range;
    head.style.left = percent(stage.time);
    head.setAttribute("aria-valuenow", stage.time.toFixed(3));
    head.setAttribute("aria-valuetext", clock(stage.time));
    const chosen = axis.querySelector(".chosen");
    chosen.style.left = percent(from);
    chosen.style.width = percent(to - from);
    axis.querySelectorAll(".edge").forEach((edge, number) => {
      edge.style.left = percent(timeline.range[number]);
      edge.setAttribute("aria-valuenow", timeline.range[number].toFixed(3));
      edge.setAttribute("aria-valuetext", clock(timeline.range[number]));
    });
    const words = timeline.root.querySelector(".range-words");
    const text = `${clock(from)} – ${clock(to)}`;
    if (words && words.textContent !== text) words.textContent = text;
  },
};

// Called by the timeline, once; the server may draw it anew at any time.
window.dubTimeline = (element) => {
  timeline.root = element;
  // What is moved here by style is not looked at, or this would never end.
  const drawn = ["d", "src", "class", "data-film", "data-before", "data-after", "data-parts", "data-snaps", "data-duration", "data-poster"];
  new MutationObserver((changes) => {
    const isDrawn = (change) => change.type === "attributes" || [...change.addedNodes].some((node) => node.nodeType === 1);
    if (!changes.some(isDrawn)) return;
    stage.refresh();
    timeline.choosePart(value("part"), false);
  }).observe(element, { childList: true, subtree: true, attributeFilter: drawn });

  let drag = null;
  element.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".axis") || event.button) return;
    const edge = event.target.closest(".edge");
    drag = { x: event.clientX, edge: edge ? Number(edge.dataset.edge) : null, moved: false, other: timeline.range };
    timeline.axis.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.moved ||= Math.abs(event.clientX - drag.x) > DRAG_PIXELS;
    if (!drag.moved) return;
    const to = timeline.snapped(timeline.timeAt(event.clientX), event.altKey);
    if (drag.edge === null) timeline.setRange(timeline.snapped(timeline.timeAt(drag.x), event.altKey), to);
    else timeline.setRange(drag.other[1 - drag.edge], to);
  });
  const dropped = (event) => {
    if (drag && !drag.moved && event.type === "pointerup") {
      const at = timeline.timeAt(event.clientX);
      stage.seek(timeline.snapped(at, event.altKey));
      const lane = timeline.axis.querySelector(".lane.parts")?.getBoundingClientRect();
      const number = timeline.parts.findIndex(([from, to]) => from <= at && at < to);
      if (lane && event.clientY >= lane.top && event.clientY <= lane.bottom && number >= 0) choosePartNumber(number + 1);
    }
    if (drag?.moved && event.type === "pointerup") timeline.tellRange();
    drag = null;
  };
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, dropped);

  element.addEventListener("keydown", (event) => {
    const handle = event.target.closest('[role="slider"]');
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!handle || !step) return;
    event.preventDefault();
    event.stopPropagation();
    const by = step * stage.frame * (event.shiftKey ? 10 : 1);
    if (handle.classList.contains("now")) stage.seek(stage.time + by);
    else timeline.setEdge(Number(handle.dataset.edge), timeline.snapped(timeline.range[Number(handle.dataset.edge)] + by, true));
  });
  stage.refresh();
};
