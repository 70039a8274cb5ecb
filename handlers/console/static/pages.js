// Small comforts; every page reads and works without them.
"use strict";

(() => {
  const body = document.body;
  // The study's clock may differ from this machine's (rehearsal), so it is counted from the page's own moment.
  let shownAt = Date.now();
  let studyNow = Date.parse(body.dataset.now || "");

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });

  // Running minutes of what is open.
  function tick() {
    if (Number.isNaN(studyNow)) return;
    const now = studyNow + (Date.now() - shownAt);
    for (const place of document.querySelectorAll("[data-since]")) {
      const minutes = Math.floor((now - Date.parse(place.dataset.since)) / 60000);
      if (minutes < 0 || minutes >= 48 * 60) continue;
      const words = minutes < 120 ? body.dataset.minutes : body.dataset.hours;
      place.textContent = words.replace("{n}", minutes < 120 ? minutes : Math.floor(minutes / 60));
    }
  }
  setInterval(tick, 15000);

  // Something new: shown at once where nobody is reading or typing, else offered.
  const fresh = document.getElementById("fresh");
  if (!fresh || !window.EventSource) return;

  const busy = () => {
    const active = document.activeElement;
    const typing = active && active.matches("input, textarea, select") && active.type !== "hidden";
    const opened = document.querySelector("main details[open]");
    const selecting = String(window.getSelection() || "") !== "";
    return typing || opened || selecting || window.scrollY > 200 || !body.dataset.live;
  };

  async function renew() {
    const answer = await fetch(location.href, { headers: { "X-Suifang-Refresh": "1" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("main").replaceWith(page.getElementById("main"));
    const footer = page.querySelector("footer");
    if (footer) document.querySelector("footer").replaceWith(footer);
    shownAt = Date.now();
    studyNow = Date.parse(page.body.dataset.now || "");
    fresh.hidden = true;
  }

  fresh.addEventListener("click", () => renew());

  let waiting = 0;
  const source = new EventSource("/events");
  source.addEventListener("changed", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => (busy() ? (fresh.hidden = false) : renew()), 400);
  });
  source.addEventListener("ended", () => {
    source.close();
    location.reload();
  });
})();
