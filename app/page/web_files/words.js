// Chips and fields write words into the prompt, and take them out again.
const BPM = /^\d+(\.\d+)? *bpm$/i;
const promptField = () => document.querySelector("#prompt textarea");
const promptWords = () => (promptField()?.value ?? "").split(",").map((word) => word.trim()).filter(Boolean);

const writePrompt = (words) => {
  const field = promptField();
  field.value = words.join(", ");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  // As if somebody had typed it and left the field: it is applied.
  kept.wording.props.value = [field.value];
  kept.wording.tell();
};
const same = (one, other) => one.toLowerCase() === other.toLowerCase();

// Called by the chips, once.
window.dubWords = (element) => {
  const shown = () => {
    const words = promptWords();
    element.querySelectorAll("[data-word]").forEach((chip) => {
      chip.setAttribute("aria-pressed", String(words.some((word) => same(word, chip.dataset.word))));
    });
    const keys = [...element.querySelectorAll("[data-key] option")].map((one) => one.value);
    element.querySelector("[data-key]").value = keys.find((key) => key && words.some((word) => same(word, key))) ?? "";
    element.querySelector("[data-tempo]").value = Number.parseFloat(words.find((word) => BPM.test(word)) ?? "") || "";
  };
  element.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-word]");
    if (!chip) return;
    const row = chip.closest(".word-row"), pressed = chip.getAttribute("aria-pressed") === "true";
    const gone = "one" in row.dataset ? [...row.querySelectorAll("[data-word]")].map((one) => one.dataset.word) : [chip.dataset.word];
    const rest = promptWords().filter((word) => !gone.some((one) => same(one, word)));
    writePrompt(pressed ? rest : [...rest, chip.dataset.word]);
    shown();
  });
  element.addEventListener("change", (event) => {
    const { target } = event, words = promptWords();
    if ("tempo" in target.dataset) writePrompt([...words.filter((word) => !BPM.test(word)), ...(target.value ? [`${target.value} BPM`] : [])]);
    if ("key" in target.dataset) {
      const keys = [...target.options].map((one) => one.value).filter(Boolean);
      writePrompt([...words.filter((word) => !keys.some((key) => same(key, word))), ...(target.value ? [target.value] : [])]);
    }
  });
  element.addEventListener("toggle", shown, true);
  document.addEventListener("input", (event) => { if (event.target.closest("#prompt")) shown(); });
};
