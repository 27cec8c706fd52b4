// Keeps the part of a page that changes as the server draws it, and says when it cannot. Without this the page is as at
// the time that it bears.
const part = document.querySelector("[data-live]");
const state = document.querySelector("[data-live-state]");
const LOST_MS = 12000; // the server says every five seconds that the line holds
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20000;
const SAID_MS = 15000;

let source = null;
let watch = 0; // what notices that nothing has come for too long
let retry = 0; // what tries again
let wait = FIRST_WAIT_MS;
let over = false;
let pressing = false;
let waiting = null; // what came while somebody was pressing something
let known = null; // the keys that have been shown
let said = 0;

function say(sentence) {
  if (state.textContent !== sentence) state.textContent = sentence;
}

function tell(sentence, what) {
  clearTimeout(said);
  say(sentence.replace("{what}", () => what.join("; ")));
  said = setTimeout(() => say(source && source.readyState === EventSource.OPEN ? state.dataset.on : state.dataset.off), SAID_MS);
}

function isLive(yes) {
  state.classList.toggle("desk-live-state--off", !yes);
  if (!yes) clearTimeout(said);
  if (!yes || state.textContent === "" || state.textContent === state.dataset.off) say(yes ? state.dataset.on : state.dataset.off);
}

// Makes a node like another and keeps what is there: whoever stands in it, has ticked or typed in it, stays there.
function settle(old, fresh, byKey) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) { old.data = fresh.data; return; }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !name.startsWith("data-govuk")) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    let found = child.dataset?.key ? byKey.get(child.dataset.key) : place;
    const isLike = found && found.nodeType === child.nodeType && found.nodeName === child.nodeName;
    if (!isLike || (!child.dataset?.key && found.dataset?.key)) found = null;
    if (!found) {
      old.insertBefore(child, place);
      if (child.nodeType === Node.ELEMENT_NODE) adopt(child, byKey);
      continue;
    }
    if (found === place) place = place.nextSibling; else old.insertBefore(found, place);
    settle(found, child, byKey);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

// What is new as a whole may hold rows that were elsewhere before: they come over with what somebody has ticked in them.
function adopt(fresh, byKey) {
  for (const [key, one] of keyed(fresh)) {
    const old = byKey.get(key);
    if (!old || old.nodeName !== one.nodeName || fresh.contains(old)) continue;
    one.replaceWith(old);
    settle(old, one, byKey);
  }
}

function keyed(root) {
  return new Map([...root.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one]));
}

function ticked() {
  return [...part.querySelectorAll("input[type=checkbox][name]:checked")].map((box) => {
    const row = box.closest("[data-key]");
    return { key: row.dataset.key, name: row.dataset.name, waited: "waits" in box.dataset };
  });
}

function show(html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const chosen = ticked();
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const anchor = focused ?? [...part.querySelectorAll("[data-key]:not(form)")].find((one) => one.getBoundingClientRect().bottom > 0);
  const before = anchor?.getBoundingClientRect().top;
  const wrapped = part.cloneNode(false);
  wrapped.append(fresh.content);
  settle(part, wrapped, keyed(part));
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
  if (anchor?.isConnected && window.scrollY > 0) window.scrollBy(0, anchor.getBoundingClientRect().top - before);
  report(chosen);
}

function report(chosen) {
  const rows = keyed(part);
  const gone = chosen.filter((one) => !rows.has(one.key));
  const held = chosen.filter((one) => one.waited && rows.get(one.key) && !rows.get(one.key).querySelector("[data-waits]"));
  const named = [...rows.values()].filter((one) => one.dataset.name);
  const news = known === null ? [] : named.filter((one) => !known.has(one.dataset.key));
  known = new Set([...(known ?? []), ...rows.keys()]);
  if (gone.length) tell(state.dataset.gone, gone.map((one) => one.name));
  else if (held.length) tell(state.dataset.held, held.map((one) => one.name));
  else if (news.length) tell(state.dataset.new, news.map((one) => one.dataset.name));
}

function alive() {
  wait = FIRST_WAIT_MS;
  clearTimeout(watch);
  watch = setTimeout(again, LOST_MS);
  isLive(true);
}

function close() {
  source?.close();
  source = null;
  clearTimeout(watch);
  clearTimeout(retry);
}

function again() {
  close();
  isLive(false);
  if (over || document.hidden) return;
  retry = setTimeout(open, wait * (0.5 + Math.random()));
  wait = Math.min(LONGEST_WAIT_MS, wait * 2);
}

function open() {
  close();
  if (over || document.hidden) return;
  const query = new URLSearchParams(location.search);
  query.set("in", document.documentElement.lang);
  source = new EventSource(`/live${location.pathname}?${query}`);
  watch = setTimeout(again, LOST_MS);
  source.addEventListener("part", ({ data }) => {
    alive();
    if (pressing) waiting = data; else show(data);
  });
  source.addEventListener("alive", alive);
  source.addEventListener("off", () => { clearTimeout(watch); watch = setTimeout(again, LOST_MS); isLive(false); });
  source.addEventListener("over", () => {
    over = true;
    close();
    isLive(false);
    const way = document.createElement("a");
    way.className = "govuk-link";
    way.href = "/sign-in";
    way.textContent = state.dataset.signIn;
    state.replaceChildren(`${state.dataset.over} `, way);
  });
  source.addEventListener("error", again);
}

// Nothing moves away under a finger: what comes between pressing and letting go is shown after.
addEventListener("pointerdown", () => { pressing = true; });
for (const name of ["pointerup", "pointercancel"]) {
  addEventListener(name, () => setTimeout(() => {
    pressing = false;
    if (waiting !== null) show(waiting);
    waiting = null;
  }, 300));
}
// A page that nobody looks at needs no line; whoever comes back to it sees how it stands.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close);
addEventListener("pageshow", ({ persisted }) => { if (persisted) open(); });
addEventListener("offline", again);
addEventListener("online", open);
known = new Set(keyed(part).keys());
open();
