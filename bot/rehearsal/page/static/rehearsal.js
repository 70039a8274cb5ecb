// The page of the rehearsal. Everything works without this script; with it nothing has to be reloaded.
"use strict";

const body = document.body;
const path = body.dataset.path;
const find = (selector, where = document) => where.querySelector(selector);
const all = (selector, where = document) => [...where.querySelectorAll(selector)];
const narrow = matchMedia("(max-width: 859px)");

let state = JSON.parse(body.dataset.state);
const seen = { ...state.said }; // messages of the bot that were on screen, by telephone
let seenLines = state.lines;
let tab = location.hash.slice(1) || "patient";

// ── showing what changed ─────────────────────────────────────────────────────

// A list follows what arrives until somebody scrolls away from its end.
const away = new WeakSet();

function atEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 48;
}

function toEnd(list) {
  away.delete(list);
  list.scrollTop = list.scrollHeight;
  offerEnd(list);
}

// To the end; but what is taller than the screen is read from its beginning.
function follow(list, first) {
  list.scrollTop = list.scrollHeight;
  if (!first || state.busy) return;
  const begins = first.offsetTop - list.offsetTop - 8;
  if (begins < list.scrollTop) list.scrollTop = begins;
}

function offerEnd(list) {
  const button = list.parentElement.querySelector(".to-end");
  if (button) button.hidden = atEnd(list);
}

function letScroll(list) {
  const byHand = () => requestAnimationFrame(() => (atEnd(list) ? away.delete(list) : away.add(list)));
  for (const name of ["wheel", "touchmove", "keydown", "pointerup"]) list.addEventListener(name, byHand, { passive: true });
  list.addEventListener("scroll", () => offerEnd(list), { passive: true });
}

// An item as it came, without what the page adds to it.
const asSent = new WeakMap();

// Replaces only what differs, so that nothing jumps while one reads.
function renew(list, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const following = !away.has(list);
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  let before = list.firstElementChild;
  let first = null;
  for (const item of [...fresh.content.children]) {
    const known = old.get(item.dataset.key);
    old.delete(item.dataset.key);
    if (known && (asSent.get(known) ?? known.outerHTML) === item.outerHTML) {
      if (known === before) before = known.nextElementSibling;
      else list.insertBefore(known, before);
      continue;
    }
    if (known) {
      if (known === before) before = known.nextElementSibling;
      known.replaceWith(item);
      continue;
    }
    asSent.set(item, item.outerHTML);
    item.classList.add("new");
    item.addEventListener("animationend", () => item.classList.remove("new"), { once: true });
    list.insertBefore(item, before);
    first ??= item;
  }
  old.forEach((item) => item.remove());
  if (following && (first || atEnd(list))) follow(list, list.matches(".chat") ? anchor(list, first) : null);
  offerEnd(list);
}

// The first of what has arrived since somebody last did something here: it is read from there on.
const unread = new WeakMap();
function anchor(list, first) {
  const item = () => list.querySelector(`:scope > [data-key="${unread.get(list)}"]`);
  if (first && !(unread.has(list) && item())) unread.set(list, first.dataset.key);
  return item();
}

// A telephone taken up: from her own last message on, if she just wrote, else the last message.
function begin(list) {
  toEnd(list);
  const items = all(":scope > .message", list);
  const last = items.slice(-6).findLast((item) => item.matches(".mine"));
  follow(list, last ?? items.at(-1));
  offerEnd(list);
}

const loading = new Map();

// One request at a time for each list; what changes meanwhile is fetched afterwards.
async function refresh(list) {
  if (loading.has(list)) {
    loading.set(list, true);
    return;
  }
  loading.set(list, false);
  try {
    const source = list.dataset.src;
    const answer = await fetch(source);
    if (answer.ok && list.dataset.src === source) renew(list, await answer.text());
  } finally {
    const again = loading.get(list);
    loading.delete(list);
    if (again) refresh(list);
  }
}

const phones = () => all(".phone");
const codeOn = (side) => find(`#${side} .phone`).dataset.code;

function isShown(side) {
  return !narrow.matches || tab === side;
}

function badge(element, count) {
  const mark = find(".badge", element);
  mark.hidden = count <= 0;
  mark.textContent = count > 99 ? "99+" : String(count);
}

function badges() {
  for (const side of ["patient", "staff"]) if (isShown(side)) seen[codeOn(side)] = state.said[codeOn(side)];
  if (isShown("log")) seenLines = state.lines;
  const news = (code) => (state.said[code] ?? 0) - (seen[code] ?? 0);
  all("[data-person]").forEach((link) => badge(link, news(link.dataset.person)));
  badge(find('.tabs [data-tab="patient"]'), news(codeOn("patient")));
  const colleagues = all("[data-person]").map((link) => news(link.dataset.person));
  badge(find('.tabs [data-tab="staff"]'), colleagues.reduce((sum, count) => sum + Math.max(0, count), 0));
  badge(find('.tabs [data-tab="log"]'), state.lines - seenLines);
}

function show(next) {
  if (next.raised !== state.raised) {
    location.replace(`${path}?lang=${body.dataset.lang}${location.hash}`);
    return;
  }
  const before = state;
  state = next;
  for (const name of ["day", "time", "next"]) {
    const place = find(`[data-show="${name}"]`);
    if (place.textContent !== state[name]) place.textContent = state[name];
  }
  find(".veil").hidden = !state.busy;
  for (const phone of phones()) {
    const code = phone.dataset.code;
    if (state.changes[code] !== before.changes[code]) refresh(find(".chat", phone));
    typing(phone, state.typing.includes(code));
  }
  if (state.lines !== before.lines) refresh(find(".log"));
  badges();
}

function typing(phone, on) {
  find(".typing", phone).hidden = !on;
  find(".status", phone).hidden = on;
}

// ── doing ────────────────────────────────────────────────────────────────────

let toastEnds;
function toast(words) {
  const place = find(".toast");
  clearTimeout(toastEnds);
  place.textContent = words;
  place.hidden = !words;
  toastEnds = setTimeout(() => (place.hidden = true), 5000);
}

async function send(form, button) {
  const data = new URLSearchParams(new FormData(form));
  if (button?.name) data.set(button.name, button.value);
  const action = button?.getAttribute("formaction") ?? form.getAttribute("action");
  try {
    const answer = await fetch(`${action}?lang=${body.dataset.lang}`, {
      method: "POST",
      headers: { "X-Suifang": "script" },
      body: data,
    });
    const { notice } = await answer.json();
    if (notice) toast(notice);
    return answer.ok;
  } catch {
    toast(body.dataset.lost);
    return false;
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.target || form.method !== "post") return; // the console opens in a window of its own
  event.preventDefault();
  const phone = form.closest(".phone");
  if (phone) unread.delete(find(".chat", phone));
  if (form.matches(".composer")) return compose(form, button);
  form.closest("details")?.removeAttribute("open");
  const busy = button && !button.disabled ? button : null;
  if (busy) busy.setAttribute("aria-busy", "true");
  if (phone) typing(phone, true);
  await send(form, button);
  busy?.removeAttribute("aria-busy");
  if (phone) typing(phone, state.typing.includes(phone.dataset.code));
});

async function compose(form, button) {
  const text = form.elements.text;
  const phone = form.closest(".phone");
  find(".attach", form).removeAttribute("open");
  if (button?.name === "what") {
    await send(form, button);
    return;
  }
  const words = text.value;
  const editing = form.elements.message.value !== "";
  form.setAttribute("action", `${path}/${editing ? "edit" : "say"}`);
  typing(phone, true);
  if (await send(form, button)) {
    if (text.value === words) text.value = "";
    form.elements.message.value = "";
    phone.classList.remove("editing");
    grow(text);
    away.delete(find(".chat", phone));
  }
}

function grow(text) {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 132)}px`;
}

document.addEventListener("input", (event) => event.target.matches("textarea") && grow(event.target));

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    all("details[open]").forEach((open) => open.removeAttribute("open"));
    const phone = event.target.closest?.(".phone.editing");
    if (phone) stopEditing(phone);
  }
  if (!event.target.matches?.("textarea") || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit(find(".send", event.target.form));
});

function stopEditing(phone) {
  phone.classList.remove("editing");
  const form = find(".composer", phone);
  form.elements.message.value = "";
  form.elements.text.value = "";
}

document.addEventListener("click", (event) => {
  const target = event.target;
  all("details[open]").forEach((open) => open.contains(target) || open.removeAttribute("open"));
  const end = target.closest(".to-end");
  if (end) toEnd(find(".chat", end.parentElement));
  const edit = target.closest("[data-edit]");
  if (edit) {
    const phone = edit.closest(".phone");
    const form = find(".composer", phone);
    phone.classList.add("editing");
    form.elements.message.value = edit.dataset.edit;
    form.elements.text.value = edit.dataset.text;
    form.elements.text.focus();
    grow(form.elements.text);
  }
  const sentence = target.closest("[data-try]");
  if (sentence) {
    choose("patient");
    const text = find("#patient textarea");
    text.value = sentence.dataset.try;
    grow(text);
    text.focus();
  }
  const person = target.closest("[data-person]");
  if (person && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    turnTo("staff", person.dataset.person);
  }
  const tabLink = target.closest(".tabs a");
  if (tabLink) {
    event.preventDefault();
    choose(tabLink.dataset.tab);
  }
  if (target.closest(".guide .close")) {
    find(".guide").hidden = true;
    sessionStorage.setItem("guide", find(".guide").dataset.scene);
  }
  if (target.closest('.sheet button[name="who"]')) setTimeout(() => target.closest("details").removeAttribute("open"));
});

// ── whose telephone, which tab ───────────────────────────────────────────────

// Another colleague's telephone is put in the same place; another patient may be of another site: a new page.
async function turnTo(side, code) {
  const phone = find(`#${side} .phone`);
  const list = find(".chat", phone);
  all("[data-person]").forEach((link) => {
    if (link.dataset.person === code) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  stopEditing(phone);
  phone.dataset.code = code;
  find(".whose", phone).textContent = code;
  all(`input[name="${side}"]`).forEach((field) => (field.value = code));
  find('.composer input[name="who"]', phone).value = code;
  list.dataset.src = `${path}/chat/${code}?lang=${body.dataset.lang}`;
  list.replaceChildren();
  away.delete(list);
  const address = new URL(location.href);
  address.searchParams.set(side, code);
  history.replaceState(null, "", address);
  typing(phone, state.typing.includes(code));
  badges();
  await refresh(list);
  begin(list);
}

function choose(name) {
  tab = name;
  body.dataset.tab = name;
  all("[data-tab]", find(".tabs")).forEach((link) => {
    if (link.dataset.tab === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  badges();
  const list = find(`#${name} .chat, #${name} .log`);
  if (narrow.matches && !away.has(list)) (list.matches(".chat") ? begin : toEnd)(list);
}

find('select[name="patient"]').addEventListener("change", (event) => event.target.form.submit());
narrow.addEventListener("change", badges);

// ── beginning ────────────────────────────────────────────────────────────────

all("[data-try], .guide .close").forEach((button) => (button.hidden = false));
if (sessionStorage.getItem("guide") === find(".guide").dataset.scene) find(".guide").hidden = true;
choose(["patient", "staff", "log"].includes(tab) ? tab : "patient");
const lists = all("main .chat, main .log");
lists.forEach(letScroll);
const take = (list) => (list.matches(".chat") ? begin(list) : toEnd(list));
lists.forEach(take);
document.fonts?.ready.then(() => lists.forEach(take));
new EventSource(`${path}/events?lang=${body.dataset.lang}`).onmessage = (event) => show(JSON.parse(event.data));
