// A tab finds its session again, after a reload and on another device, by a token that only this browser and a link know.
const TOKEN = "dub-session";
const memory = (store, token) => {
  try {
    if (token !== undefined) window[store].setItem(TOKEN, token);
    return window[store].getItem(TOKEN) ?? "";
  } catch { return ""; } // Storage is blocked: only links lead back then.
};
window.dubTokens = () => {
  const linked = new URLSearchParams(location.hash.slice(1)).get("session") ?? "";
  if (linked) history.replaceState(null, "", location.pathname + location.search);
  return [linked, memory("sessionStorage"), memory("localStorage")];
};

// Called by the link to this session, once; the server tells it anew where it goes on with another session.
window.dubLink = (element) => {
  const noted = () => {
    const token = element.querySelector("[data-token]")?.dataset.token, field = element.querySelector("input");
    if (!token || field.value) return;
    memory("sessionStorage", token);
    memory("localStorage", token);
    field.value = `${location.origin}${location.pathname}#session=${token}`;
  };
  new MutationObserver(noted).observe(element, { childList: true, subtree: true });
  element.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const field = element.querySelector("input");
    field.select();
    navigator.clipboard?.writeText(field.value).then(() => stage.say(button.dataset.copied), () => {});
  });
  noted();
};

// A telephone that slept, or a line that broke, has missed what was said meanwhile.
let hiddenSince = 0;
const wake = () => kept.wake?.tell();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hiddenSince = Date.now();
  else if (hiddenSince && Date.now() - hiddenSince > 5000) wake();
});
window.addEventListener("online", wake);
window.addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
