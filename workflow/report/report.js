"use strict";
(() => {
  const table = document.getElementById("run-table");
  const bodies = () => Array.from(table.tBodies);

  const toggle = (button, open) => {
    button.setAttribute("aria-expanded", String(open));
    document.getElementById(button.getAttribute("aria-controls")).hidden = !open;
  };
  for (const button of table.querySelectorAll("button.open")) {
    toggle(button, false);
    button.addEventListener("click", () =>
      toggle(button, button.getAttribute("aria-expanded") === "false"));
  }

  const valueAt = (body, column) => body.rows[0].cells[column].dataset.value || "";
  const compare = (one, two) => {
    if (one === "" || two === "") return (one === "") - (two === "");
    const numbers = [Number(one), Number(two)];
    if (numbers.every(Number.isFinite)) return numbers[0] - numbers[1];
    return one.localeCompare(two);
  };
  const headings = Array.from(table.querySelectorAll("thead th[aria-sort]"));
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (one, two) => compare(valueAt(one, column), valueAt(two, column));
      table.append(...bodies().sort((one, two) => (down ? order(two, one) : order(one, two))));
    });
  });

  const filter = document.getElementById("run-filter");
  const count = document.getElementById("run-count");
  filter.closest("p").hidden = false;
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const body of bodies()) {
      const text = body.rows[0].textContent.toLowerCase();
      body.hidden = !words.every((word) => text.includes(word));
      shown += !body.hidden;
    }
    count.textContent = words.length ? `${shown} of ${bodies().length}` : "";
  });

  // Paper cannot be clicked: what is folded away on the screen is printed in full, except for runs.
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });
})();
