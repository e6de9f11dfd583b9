"use strict";
(() => {
  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const textOf = (cell) => cell.innerText.replace(/\s+/g, " ").trim();

  // An item is a row with the details that it opens to; the heading of a group of rows is none.
  const itemsOf = (body) => {
    const items = [];
    for (const row of body.rows) {
      if (row.classList.contains("details")) items.at(-1).push(row);
      else if (!row.classList.contains("group")) items.push([row]);
    }
    return items;
  };

  const sortable = (table) => {
    const valueOf = ([row], column) => {
      const cell = row.cells[column];
      return cell ? cell.dataset.value ?? cell.dataset.low ?? textOf(cell) : "";
    };
    const compare = (one, two) => {
      if (one === "" || two === "") return (one === "") - (two === "");
      const numbers = [Number(one), Number(two)];
      return numbers.every(Number.isFinite) ? numbers[0] - numbers[1] : one.localeCompare(two);
    };
    const headings = [...table.tHead.rows[0].cells];
    const sort = (heading, column) => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const order = (one, two) => compare(valueOf(one, column), valueOf(two, column));
      for (const body of table.tBodies) {
        const sorted = itemsOf(body).sort((one, two) => (down ? order(two, one) : order(one, two)));
        body.append(...sorted.flat());
      }
    };
    headings.forEach((heading, column) => {
      if (heading.hasAttribute("data-fixed")) return;
      const button = element("button", { type: "button", className: "sort" });
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(heading, column));
      heading.append(button);
    });
  };

  const filterable = (table, tools) => {
    const input = element("input", { type: "search", autocomplete: "off", spellcheck: false });
    const count = element("output", {});
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0, all = 0;
      for (const body of table.tBodies) {
        const group = body.querySelector("tr.group")?.textContent ?? "";
        let here = 0;
        for (const item of itemsOf(body)) {
          const text = `${group} ${item[0].textContent}`.toLowerCase();
          const matches = words.every((word) => text.includes(word));
          for (const row of item) row.classList.toggle("filtered", !matches);
          here += matches;
          all += 1;
        }
        body.classList.toggle("filtered", here === 0);
        shown += here;
      }
      count.textContent = words.length ? `${shown} of ${all}` : "";
    });
    tools.append(element("label", {}, "Filter ", input), count);
  };

  const columnsOf = (table) => [...table.tHead.rows[0].cells].map((cell) => ({
    name: cell.dataset.name ?? textOf(cell),
    skipped: cell.hasAttribute("data-skip"),
    interval: cell.hasAttribute("data-ends"),
    align: cell.classList.contains("number") ? "r" : "l",
  }));

  // The cells of a row as texts; `precise` gives numbers in full, and an interval as its two ends.
  const cellsOf = (row, columns, precise) => {
    const texts = [];
    let place = 0;
    for (const cell of row.cells) {
      const { value, low = "", high = "" } = cell.dataset;
      for (let span = 0; span < cell.colSpan; span += 1, place += 1) {
        if (columns[place].skipped) continue;
        const text = span ? "" : textOf(cell);
        if (!precise) texts.push(text);
        else if (columns[place].interval) texts.push(low, high);
        else texts.push(span ? "" : value ?? text);
      }
    }
    return texts;
  };

  // What is on view, as lines of texts; the heading of a group becomes the first column.
  const linesOf = (table, precise) => {
    const columns = columnsOf(table);
    const grouped = table.querySelector("tr.group") !== null;
    const names = columns.filter((column) => !column.skipped).flatMap(({ name, interval }) =>
      (precise && interval ? [`${name}, low`, `${name}, high`] : [name]));
    const lines = [grouped ? [table.dataset.group, ...names] : names];
    for (const body of table.tBodies) {
      const group = grouped ? [body.querySelector("tr.group").dataset.name] : [];
      for (const [row] of itemsOf(body)) {
        if (row.classList.contains("filtered")) continue;
        lines.push([...group, ...cellsOf(row, columns, precise)]);
      }
    }
    return lines;
  };

  const csvOf = (table) => {
    const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    return linesOf(table, true).map((line) => line.map(quoted).join(",")).join("\n") + "\n";
  };

  const latexOf = (table) => {
    const special = {
      "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}",
      "\u2212": "$-$", "<": "$<$", ">": "$>$", "\u2013": "--",
    };
    const escaped = (text) =>
      text.replace(/[\\~^\u2212<>\u2013&%$#_{}]/g, (sign) => special[sign] ?? `\\${sign}`);
    const [head, ...rows] = linesOf(table, false).map((line) => line.map(escaped));
    const aligned = columnsOf(table).filter((column) => !column.skipped).map(({ align }) => align);
    const columns = "l".repeat(head.length - aligned.length) + aligned.join("");
    const line = (cells) => `${cells.join(" & ")} \\\\`;
    return [
      "% \\usepackage{booktabs}", `\\begin{tabular}{${columns}}`, "\\toprule", line(head),
      "\\midrule", ...rows.map(line), "\\bottomrule", "\\end{tabular}", "",
    ].join("\n");
  };

  // The clipboard's own interface is refused to some pages that are opened from disk.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", { value: text });
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  const copyable = (table, tools) => {
    for (const [name, written] of [["CSV", csvOf], ["LaTeX", latexOf]]) {
      const button = element("button", { type: "button", textContent: `Copy ${name}` });
      button.addEventListener("click", async () => {
        await copy(written(table));
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = `Copy ${name}`; }, 1500);
      });
      button.setAttribute("aria-live", "polite");
      tools.append(button);
    }
  };

  const openable = (table) => {
    for (const button of table.querySelectorAll("button.open")) {
      const toggle = (open) => {
        button.setAttribute("aria-expanded", String(open));
        document.getElementById(button.getAttribute("aria-controls")).hidden = !open;
      };
      toggle(false);
      button.addEventListener("click", () => toggle(button.getAttribute("aria-expanded") === "false"));
    }
  };

  for (const table of document.querySelectorAll("table[data-tools]")) {
    const tools = element("div", { className: "tools" });
    openable(table);
    sortable(table);
    filterable(table, tools);
    copyable(table, tools);
    table.parentElement.before(tools);
  }

  // Paper cannot be clicked: what is folded away on the screen is printed in full, except for runs and films.
  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details:not(.film, .fold)")) folded.open = true;
  });
})();
