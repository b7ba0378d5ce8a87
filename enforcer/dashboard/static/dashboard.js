// What pages do beyond reading: dark or light, live updates, notes on charts, zooming, selects that
// act at once. Everything else works without this file.
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
    for (const figure of document.querySelectorAll(".figure")) prepareChart(figure);
    for (const diff of document.querySelectorAll("pre.diff")) prepareCopy(diff);
  };

  // Addresses stay short: fields that are empty are left out.
  const submit = (form) => {
    const address = new URL(form.action);
    for (const [key, value] of new FormData(form)) {
      if (value !== "") address.searchParams.append(key, value);
    }
    location.assign(address);
  };

  const prepareCopy = (diff) => {
    if (!navigator.clipboard) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const lines = [...diff.querySelectorAll(".added")].map((line) => {
        const copy = line.cloneNode(true);
        copy.querySelector(".gutter").remove();
        return copy.textContent;
      });
      await navigator.clipboard.writeText(lines.join(""));
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    diff.after(button);
  };

  // Charts: a note beside the pointer, and zooming by dragging over a stretch of time.
  const tip = document.getElementById("tip");
  const svg = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);

  const showTip = (hit, event) => {
    tip.replaceChildren();
    const title = document.createElement("strong");
    title.textContent = hit.dataset.title;
    tip.append(title);
    const lines = hit.dataset.lines ? hit.dataset.lines.split("\n") : [];
    if (!lines.length) tip.append("no uses");
    for (const line of lines) {
      const [kind, name, value] = line.split("\t");
      const row = document.createElement("div");
      row.className = "tip-line";
      const swatch = svg("svg");
      swatch.setAttribute("viewBox", "0 0 10 10");
      const square = svg("rect");
      square.setAttribute("class", kind);
      square.setAttribute("width", "10");
      square.setAttribute("height", "10");
      swatch.append(square);
      const text = document.createElement("span");
      text.textContent = name;
      const number = document.createElement("b");
      number.textContent = value;
      row.append(swatch, text, number);
      tip.append(row);
    }
    tip.hidden = false;
    const room = tip.getBoundingClientRect();
    const left = event.clientX + 14 + room.width > innerWidth ? event.clientX - 14 - room.width : event.clientX + 14;
    tip.style.left = `${Math.max(left, 4)}px`;
    tip.style.top = `${Math.min(event.clientY + 12, innerHeight - room.height - 6)}px`;
  };

  const prepareChart = (figure) => {
    for (const chart of figure.querySelectorAll("svg.chart")) {
      const hits = [...chart.querySelectorAll(".hit")];
      let first = -1;
      const at = (event) => hits.indexOf(event.target);
      const mark = (last) => {
        const [low, high] = first < last ? [first, last] : [last, first];
        hits.forEach((hit, index) => hit.classList.toggle("is-marked", first >= 0 && index >= low && index <= high));
      };
      chart.addEventListener("pointermove", (event) => {
        const index = at(event);
        if (index < 0) return;
        showTip(hits[index], event);
        if (first >= 0) mark(index);
      });
      chart.addEventListener("pointerleave", () => {
        tip.hidden = true;
        first = -1;
        mark(-1);
      });
      chart.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || event.pointerType === "touch") return;
        first = at(event);
        event.preventDefault();
      });
      chart.addEventListener("pointerup", (event) => {
        const last = at(event);
        if (first >= 0 && last >= 0 && first !== last) {
          const since = hits[Math.min(first, last)].dataset.since;
          const until = hits[Math.max(first, last)].dataset.until;
          location.assign(figure.dataset.zoom.replace("SINCE", encodeURIComponent(since)).replace("UNTIL", encodeURIComponent(until)));
        }
        first = -1;
        mark(-1);
      });
    }
  };

  // Live: the server says when the store has something new, and the content is fetched again. What
  // a visitor has opened, and where the focus is, stays.
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  let stream = null;
  let state = "";
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
      const focusables = (root) => [...root.querySelectorAll("a, button, summary, [tabindex]")];
      const focused = focusables(old).indexOf(document.activeElement);
      old.replaceChildren(...document.adoptNode(fresh).childNodes);
      summaries().forEach((each, index) => { if (open[index] !== undefined) each.open = open[index]; });
      prepare();
      if (focused >= 0) focusables(old)[focused]?.focus({ preventScroll: true });
      document.title = page.title;
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

  const listen = () => {
    stream = new EventSource(body.dataset.live);
    stream.addEventListener("state", (event) => {
      live.classList.remove("is-lost");
      if (state && state !== event.data) isDue = true;
      state = event.data;
      catchUp();
    });
    stream.addEventListener("changed", (event) => {
      state = event.data;
      isDue = true;
      catchUp();
    });
    stream.addEventListener("error", () => live.classList.add("is-lost"));
  };

  if (document.querySelector(".top nav")) {
    live.hidden = false;
    live.addEventListener("click", () => {
      const isOn = live.getAttribute("aria-pressed") !== "true";
      live.setAttribute("aria-pressed", String(isOn));
      try { localStorage.setItem("enforcer-live", isOn ? "on" : "off"); } catch { /* not kept */ }
      if (isOn) listen();
      else { stream?.close(); stream = null; live.classList.remove("is-lost"); }
    });
    let kept = "on";
    try { kept = localStorage.getItem("enforcer-live") || "on"; } catch { /* not kept */ }
    if (kept === "on") listen();
    else live.setAttribute("aria-pressed", "false");
    setInterval(catchUp, 3000);
    document.addEventListener("visibilitychange", catchUp);
    addEventListener("pagehide", () => stream?.close());
  }

  prepare();
})();
