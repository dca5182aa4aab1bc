"use strict";
const form = document.getElementById("filters");
const rows = [...document.querySelectorAll("#rows tr")];
function apply() {
  const which = document.getElementById("which").value;
  const level = document.getElementById("level").value;
  const words = document.getElementById("text").value.toLowerCase();
  let count = 0;
  for (const row of rows) {
    const wanted = (which !== "differs" || row.dataset.differs === "1") && (which !== "fails" || row.dataset.fails !== "0")
      && (!level || row.dataset.level === level) && row.querySelector("th").textContent.toLowerCase().includes(words);
    row.hidden = !wanted;
    count += wanted ? 1 : 0;
  }
  document.getElementById("shown").textContent = count + " of " + rows.length;
}
form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
apply();
