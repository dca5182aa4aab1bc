"use strict";
(() => {
  const form = document.getElementById("filters");
  const entries = [...document.querySelectorAll(".entry")];
  const areas = [...document.querySelectorAll(".area")];
  const shown = document.getElementById("shown");
  const none = document.getElementById("none");

  function matches(entry, wanted) {
    const data = entry.dataset;
    return (!wanted.level || data.level === wanted.level)
      && (!wanted.verdict || data.verdicts.split(" ").includes(wanted.verdict))
      && (!wanted.capability || data.capabilities.split(" ").includes(wanted.capability))
      && (!wanted.area || entry.parentElement.dataset.area === wanted.area)
      && wanted.words.every((word) => data.search.includes(word));
  }

  function filter() {
    const held = new FormData(form);
    const words = held.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = { words };
    for (const name of ["level", "verdict", "area", "capability"]) wanted[name] = held.get(name);
    let count = 0;
    for (const entry of entries) {
      const match = matches(entry, wanted);
      entry.hidden = !match;
      count += match ? 1 : 0;
    }
    for (const area of areas) area.hidden = !area.querySelector(".entry:not([hidden])");
    shown.textContent = `${count} of ${entries.length}`;
    none.hidden = count > 0;
  }

  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const entry = target.closest(".entry");
    if (entry && entry.hidden) {
      form.reset();
      filter();
    }
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    target.scrollIntoView();
  }

  async function copy(button) {
    const text = button.parentElement.querySelector("pre").textContent;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  }

  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => {
    for (const entry of entries) if (/\b(fail|error)\b/.test(entry.dataset.verdicts)) entry.open = true;
  });
  filter();
  reveal();
})();
