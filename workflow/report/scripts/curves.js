"use strict";
// Makes every figure with data for it answer: one legend and one horizontal axis for its panels.
// Without these scripts, and on paper, the drawings in the page are shown.
(() => {
  const pressable = (label, pressed) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(label);
    button.setAttribute("aria-pressed", String(pressed));
    return button;
  };
  const group = (name, ...buttons) => {
    const made = document.createElement("div");
    made.className = "choices";
    made.append(...buttons);
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", name);
    return made;
  };

  // The lines of all panels of a figure: a button hides or shows one.
  const legend = (charts, choice) => {
    const lines = new Map(charts.flatMap(({ data }) => data.lines).map((line) => [line.name, line]));
    const buttons = [...lines.values()].map(({ name, colour }) => {
      const button = pressable(name, true);
      button.prepend(Chart.chip(colour));
      button.addEventListener("click", () => {
        if (!choice.hidden.delete(name)) choice.hidden.add(name);
        button.setAttribute("aria-pressed", String(!choice.hidden.has(name)));
        for (const chart of charts) chart.draw();
      });
      return button;
    });
    return group("Lines", ...buttons);
  };

  const axisSwitch = (charts, choice) => {
    const names = { steps: "Environment steps", seconds: "Training time" };
    const buttons = Object.entries(names).map(([axis, name]) => {
      const button = pressable(name, axis === choice.axis);
      button.addEventListener("click", () => {
        choice.axis = axis;
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        for (const chart of charts) chart.draw();
      });
      return button;
    });
    return group("Horizontal axis", ...buttons);
  };

  let number = 0;
  for (const figure of document.querySelectorAll("figure:has(script.curves)")) {
    const choice = { axis: "steps", hidden: new Set() };
    const charts = [...figure.querySelectorAll("script.curves")].map((script) =>
      new Chart(script.parentElement, JSON.parse(script.textContent), choice, (number += 1)));
    const tools = document.createElement("div");
    tools.className = "curve-tools";
    tools.append(legend(charts, choice));
    const timed = charts.every(({ data }) => data.lines.every((line) => line.seconds.length));
    if (timed) tools.append(axisSwitch(charts, choice));
    const hint = document.createElement("span");
    hint.className = "soft";
    hint.textContent = "Point at a curve, or use the arrow keys, to read its values.";
    tools.append(hint);
    figure.prepend(tools);
  }
})();
