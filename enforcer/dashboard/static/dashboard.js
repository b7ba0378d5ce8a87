// What pages do beyond reading: dark or light, live updates, notes on charts, zooming, copying,
// selects that act at once. Everything else works without this file.
"use strict";

(() => {
  const body = document.body;
  const prefix = body.dataset.prefix;

  // Dark or light: the server renders what the cookie says, so that no page flashes.
  const theme = document.getElementById("theme");
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  theme.hidden = false;
  theme.setAttribute("aria-pressed", String(isDark()));
  theme.addEventListener("click", () => {
    const next = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    theme.setAttribute("aria-pressed", String(next === "dark"));
    document.cookie = `enforcer-theme=${next}; path=${prefix || "/"}; max-age=31536000; samesite=lax`;
  });

  // Things that are made anew whenever the content is.
  const prepare = () => {
    for (const each of document.querySelectorAll(".js-only")) each.hidden = false;
    for (const select of document.querySelectorAll(".filters select")) {
      select.addEventListener("change", () => {
        if (select.name === "range" && select.value) {
          for (const name of ["since", "until"]) select.form.elements[name].value = "";
        }
        submit(select.form);
      });
    }
    for (const form of document.querySelectorAll("form.filters, form.search")) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        submit(form);
      });
    }
    for (const plot of document.querySelectorAll("svg.columns")) prepareChart(plot);
    for (const strip of document.querySelectorAll("svg.strip")) prepareStrip(strip);
    for (const link of document.querySelectorAll("[data-copy]")) prepareCopy(link);
    if (matchMedia("(min-width: 641px)").matches) {
      for (const box of document.querySelectorAll(".filter-box")) box.open = true;
    }
  };

  // Addresses stay short: fields that are empty are left out. The next page puts the focus where it
  // was.
  const submit = (form) => {
    const address = new URL(form.action);
    for (const [key, value] of new FormData(form)) {
      if (value !== "") address.searchParams.append(key, value);
    }
    const active = document.activeElement;
    try { sessionStorage.setItem("enforcer-focus", form.contains(active) ? active.name || "" : ""); } catch { /* not kept */ }
    location.assign(address);
  };

  const focusAgain = () => {
    let name = "";
    try {
      name = sessionStorage.getItem("enforcer-focus") || "";
      sessionStorage.removeItem("enforcer-focus");
    } catch { /* not kept */ }
    if (name) document.querySelector(`main form [name="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
  };

  // A page that the browser kept may show choices that were made after it came: its address decides.
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const form of document.querySelectorAll("form")) form.reset();
  });

  // Links to texts are copied instead of opened; data-copy without an address has the text itself.
  const prepareCopy = (link) => {
    if (!navigator.clipboard) return;
    link.hidden = false;
    const name = link.textContent;
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      try {
        let text = link.dataset.copy;
        if (link.href) {
          const answer = await fetch(link.href);
          if (!answer.ok) throw new Error(answer.statusText);
          text = await answer.text();
        }
        await navigator.clipboard.writeText(text);
        link.textContent = "Copied";
        news.textContent = `${name}: copied`;
      } catch {
        link.textContent = "Not copied";
      }
      setTimeout(() => { link.textContent = name; }, 1800);
    });
  };

  // Notes on charts, by pointer, finger and arrow keys.
  const tip = document.getElementById("tip");

  const showTip = (title, text, x, y) => {
    const strong = document.createElement("strong");
    strong.textContent = title;
    tip.replaceChildren(strong, text);
    tip.hidden = false;
    const room = tip.getBoundingClientRect();
    const left = x + 14 + room.width > innerWidth ? x - 14 - room.width : x + 14;
    tip.style.left = `${Math.max(left, 4)}px`;
    tip.style.top = `${Math.min(y + 12, innerHeight - room.height - 6)}px`;
  };

  // Calls show(index, x, y) for the part of a drawing that is pointed at, or chosen by keys.
  const follow = (drawing, count, show, hide) => {
    let index = count - 1;
    const at = (x) => {
      const box = drawing.getBoundingClientRect();
      return Math.min(Math.max(Math.floor((x - box.left) / box.width * count), 0), count - 1);
    };
    const byKeys = () => {
      const box = drawing.getBoundingClientRect();
      show(index, box.left + box.width * (index + 0.5) / count, box.top + 8);
    };
    for (const kind of ["pointermove", "pointerdown"]) {
      drawing.addEventListener(kind, (event) => {
        index = at(event.clientX);
        show(index, event.clientX, event.clientY);
      });
    }
    drawing.addEventListener("pointerleave", hide);
    drawing.addEventListener("blur", hide);
    drawing.addEventListener("focus", () => { if (drawing.matches(":focus-visible")) byKeys(); });
    drawing.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      index = Math.min(Math.max(index + step, 0), count - 1);
      byKeys();
    });
    return at;
  };

  const prepareChart = (chart) => {
    const hits = [...chart.querySelectorAll(".hit")];
    let first = -1;
    const mark = (last) => {
      const low = first < 0 ? last : Math.min(first, last);
      const high = Math.max(first, last);
      hits.forEach((hit, index) => hit.classList.toggle("is-marked", last >= 0 && index >= low && index <= high));
    };
    const hide = () => { tip.hidden = true; first = -1; mark(-1); };
    const at = follow(chart, hits.length, (index, x, y) => {
      showTip(hits[index].dataset.title, hits[index].dataset.count, x, y);
      mark(index);
    }, hide);
    if (!chart.dataset.zoom) return;
    chart.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      first = at(event.clientX);
      event.preventDefault();
      chart.focus({ preventScroll: true, focusVisible: false });
    });
    chart.addEventListener("pointerup", (event) => {
      const last = at(event.clientX);
      if (first >= 0 && first !== last) {
        const since = hits[Math.min(first, last)].dataset.since;
        const until = hits[Math.max(first, last)].dataset.until;
        location.assign(chart.dataset.zoom.replace("SINCE", encodeURIComponent(since)).replace("UNTIL", encodeURIComponent(until)));
      }
      first = -1;
    });
  };

  const DAY_KINDS = { w: "watched, no use", u: "used", n: "not watched" };
  const prepareStrip = (strip) => {
    const days = strip.dataset.days;
    const begin = Date.parse(strip.dataset.begin);
    follow(strip, days.length, (index, x, y) => {
      const date = new Date(begin + index * 86_400_000).toISOString().slice(0, 10);
      showTip(date, DAY_KINDS[days[index]], x, y);
    }, () => { tip.hidden = true; });
  };

  // Live: the server says when the store has something new, and the content is fetched again. What
  // a visitor has opened, and where the focus is, stays.
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  let stream = null;
  let state = body.dataset.state;
  let isBusy = false;

  const summaries = () => [...document.querySelectorAll("main details")];
  const busyWith = () => {
    const active = document.activeElement;
    return active && active.matches("main input, main select") ? active : null;
  };

  const renew = async () => {
    if (isBusy || busyWith() || document.hidden) return false;
    isBusy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      if (!fresh) return true;
      const old = document.getElementById("main");
      const open = summaries().map((each) => each.open);
      const focusables = (root) => [...root.querySelectorAll("a, button, summary, select, [tabindex]")];
      const focused = focusables(old).indexOf(document.activeElement);
      old.replaceChildren(...document.adoptNode(fresh).childNodes);
      summaries().forEach((each, index) => { if (open[index] !== undefined) each.open = open[index]; });
      prepare();
      if (focused >= 0) focusables(old)[focused]?.focus({ preventScroll: true });
      document.title = page.title;
      renewed = Date.now();
      tellAge();
      news.textContent = `Updated at ${new Date().toLocaleTimeString()}`;
      live.classList.remove("is-fresh");
      void live.offsetWidth;
      live.classList.add("is-fresh");
      return true;
    } catch {
      return false;
    } finally {
      isBusy = false;
    }
  };

  let isDue = false;
  const catchUp = async () => {
    if (isDue && stream && (await renew())) isDue = false;
  };

  // The button says how old the page is, or that the server is gone.
  let renewed = Date.now();
  const liveText = live.querySelector(".tool-text");
  const age = () => {
    const seconds = Math.round((Date.now() - renewed) / 1000);
    if (seconds < 5) return "just now";
    if (seconds < 120) return `${seconds} s ago`;
    return seconds < 7200 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
  };
  const tellAge = () => {
    const isOn = live.getAttribute("aria-pressed") === "true";
    const text = live.classList.contains("is-lost") ? "Server gone: as of"
      : isOn ? "Live, updated" : "Paused, as of";
    liveText.textContent = `${text} ${age()}`;
  };
  const lost = (isLost) => {
    if (isLost && !live.classList.contains("is-lost")) news.textContent = "The server does not answer: this page is not live";
    live.classList.toggle("is-lost", isLost);
    tellAge();
  };

  const listen = () => {
    stream = new EventSource(body.dataset.live);
    stream.addEventListener("state", (event) => {
      lost(false);
      if (state && state !== event.data) isDue = true;
      state = event.data;
      catchUp();
    });
    stream.addEventListener("changed", (event) => {
      state = event.data;
      isDue = true;
      catchUp();
    });
    stream.addEventListener("error", () => lost(true));
  };

  if (document.querySelector(".top nav")) {
    live.hidden = false;
    live.addEventListener("click", () => {
      const isOn = live.getAttribute("aria-pressed") !== "true";
      live.setAttribute("aria-pressed", String(isOn));
      try { localStorage.setItem("enforcer-live", isOn ? "on" : "off"); } catch { /* not kept */ }
      if (isOn) listen();
      else { stream?.close(); stream = null; lost(false); }
      tellAge();
    });
    let kept = "on";
    try { kept = localStorage.getItem("enforcer-live") || "on"; } catch { /* not kept */ }
    if (kept === "on") listen();
    else live.setAttribute("aria-pressed", "false");
    tellAge();
    setInterval(() => { catchUp(); tellAge(); }, 3000);
    document.addEventListener("visibilitychange", catchUp);
    addEventListener("pagehide", () => stream?.close());
  }

  prepare();
  focusAgain();
})();
