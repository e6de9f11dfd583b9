"use strict";
// Curves of one task, drawn from their data: they answer a pointer, a finger and the arrow keys.
const Chart = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MARGIN = { left: 46, right: 12, top: 10, bottom: 42 };
  const UNITS = [[1, "seconds", "s"], [60, "minutes", "min"], [3600, "hours", "h"]];

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const shape = (tag, attributes, ...children) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  const numbers = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
  const written = (value, share) =>
    (numbers.format(share ? 100 * value : value) + (share ? "%" : "")).replace("-", "\u2212");
  const counted = (amount, noun) => `${numbers.format(amount)} ${noun}${amount === 1 ? "" : "s"}`;
  const steps = (amount) => `${amount.toLocaleString("en")} steps`;
  const duration = (seconds) => {
    const [size, , unit] = UNITS.findLast(([least]) => seconds >= 2 * least) ?? UNITS[0];
    return `${(seconds / size).toFixed(size === 1 && seconds >= 10 ? 0 : 1)} ${unit}`;
  };

  // Round numbers between two ends, about `count` of them.
  const ticks = (low, high, count) => {
    const rough = (high - low) / count;
    const size = 10 ** Math.floor(Math.log10(rough));
    const step = size * [1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough);
    const first = Math.ceil(low / step - 1e-9);
    const length = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length }, (_, place) => Number(((first + place) * step).toPrecision(12)));
  };

  const path = (points) =>
    points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

  // One task: its drawing, and the values at one place of the horizontal axis.
  return class {
    static chip(colour) {
      const chip = element("span", { className: "chip" });
      chip.style.setProperty("--c", colour);
      return chip;
    }

    constructor(panel, data, choice, number) {
      this.data = data;
      this.choice = choice;
      this.clip = `curves-${number}`;
      this.place = null;
      this.svg = shape("svg", { "aria-hidden": "true" });
      this.tip = element("div", { className: "tip", hidden: true });
      this.box = element("div", { className: "chart", tabIndex: 0 }, this.svg, this.tip);
      const still = panel.querySelector("svg");
      const task = panel.querySelector(".panel-title")?.textContent ?? "";
      still.id ||= `still-${number}`;
      const words = { role: "slider", "aria-label": `${task}: ${data.of}`,
        "aria-describedby": still.id, "aria-valuemin": 0 };
      for (const [name, value] of Object.entries(words)) this.box.setAttribute(name, value);
      still.before(this.box);
      panel.classList.add("drawn");
      this.listen();
      new ResizeObserver(() => this.draw()).observe(this.box);
    }

    listen() {
      const follow = (event) => this.show(this.nearest(event.clientX));
      this.box.addEventListener("pointerdown", follow);
      this.box.addEventListener("pointermove", follow);
      // A finger that is lifted leaves the values to be read; a tap elsewhere hides them.
      this.box.addEventListener("pointerleave", (event) => {
        if (event.pointerType === "mouse" && document.activeElement !== this.box) this.show(null);
      });
      this.box.addEventListener("focus", () => this.show(this.place ?? this.places.length - 1));
      this.box.addEventListener("blur", () => this.show(null));
      this.box.addEventListener("keydown", (event) => {
        const last = this.places.length - 1, here = this.place ?? last;
        const page = Math.max(1, Math.round(last / 5));
        const moves = {
          ArrowRight: here + 1, ArrowUp: here + 1, ArrowLeft: here - 1, ArrowDown: here - 1,
          PageUp: here + page, PageDown: here - page, Home: 0, End: last, Escape: null,
        };
        if (!(event.key in moves) || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const to = moves[event.key];
        this.show(to === null ? null : Math.min(last, Math.max(0, to)));
      });
    }

    get shown() {
      return this.data.lines.filter((line) => !this.choice.hidden.has(line.name));
    }

    // The scales, and every place on the horizontal axis at which a line has a value.
    measure() {
      const { lines, y: [low, high] } = this.data;
      const axis = this.choice.axis;
      this.width = this.box.clientWidth;
      this.height = Math.round(Math.min(300, Math.max(210, 0.64 * this.width)));
      const end = Math.max(...lines.flatMap((line) => line[axis]));
      const across = this.width - MARGIN.left - MARGIN.right;
      const down = this.height - MARGIN.top - MARGIN.bottom;
      this.end = end;
      this.x = (value) => MARGIN.left + (value / end) * across;
      this.y = (value) => MARGIN.top + ((high - value) / (high - low)) * down;
      const places = new Set((this.shown.length ? this.shown : lines).flatMap((line) => line[axis]));
      this.places = [...places].sort((one, two) => one - two);
    }

    draw() {
      if (this.box.clientWidth === 0) return; // not on view, as on paper
      this.measure();
      const area = { x: MARGIN.left, y: MARGIN.top, width: this.x(this.end) - MARGIN.left,
        height: this.height - MARGIN.top - MARGIN.bottom };
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
      const clip = shape("clipPath", { id: this.clip }, shape("rect", area));
      const curves = shape("g", { "clip-path": `url(#${this.clip})` });
      for (const line of this.shown) curves.append(...this.drawnSeeds(line));
      for (const line of this.shown) curves.append(...this.drawnLine(line));
      this.marker = shape("g", {});
      this.svg.replaceChildren(clip, ...this.axes(), ...this.marks(), curves, this.marker);
      this.box.setAttribute("aria-valuemax", this.places.length - 1);
      this.show(this.place === null ? null : Math.min(this.place, this.places.length - 1));
    }

    axes() {
      const { y: [low, high], share } = this.data;
      const right = this.x(this.end), foot = this.height - MARGIN.bottom;
      const label = (x, y, text, anchor) => shape("text", { x, y, "text-anchor": anchor }, text);
      const drawn = ticks(low, high, 4).flatMap((value) => [
        shape("path", { class: "grid", d: `M${MARGIN.left} ${this.y(value)}H${right}` }),
        label(MARGIN.left - 6, this.y(value) + 4, written(value, share), "end"),
      ]);
      drawn.push(shape("path", { class: "foot", d: `M${MARGIN.left} ${foot}H${right}` }));
      const timed = this.choice.axis === "seconds";
      const [size, unit] = (timed && UNITS.findLast(([least]) => this.end >= 3 * least)) || UNITS[0];
      for (const value of ticks(0, this.end / size, this.width < 400 ? 4 : 5)) {
        const x = this.x(value * size);
        const text = timed || value < 1000 ? numbers.format(value) : `${value / 1000}k`;
        drawn.push(shape("path", { class: "foot", d: `M${x} ${foot}v4` }),
          label(x, foot + 16, text, "middle"));
      }
      const name = timed ? `${unit} of training, a seed` : "environment steps";
      drawn.push(label((MARGIN.left + right) / 2, foot + 34, name, "middle"));
      return drawn;
    }

    // Scores that are known beforehand, as dashed lines with their names.
    marks() {
      const { marks = [], note } = this.data, right = this.x(this.end);
      const drawn = marks.flatMap(([value, words, below]) => [
        shape("path", { class: "mark", d: `M${MARGIN.left} ${this.y(value)}H${right}` }),
        shape("text", { class: "quiet", x: below ? right : MARGIN.left + 3,
          y: this.y(value) + (below ? 13 : -5), "text-anchor": below ? "end" : "start" }, words),
      ]);
      const place = { class: "quiet", x: MARGIN.left + 3, y: MARGIN.top + 9 };
      return note ? [...drawn, shape("text", place, note)] : drawn;
    }

    points(line, values) {
      return values.map((value, place) => [this.x(line[this.choice.axis][place]), value])
        .filter(([, value]) => value !== null).map(([x, value]) => [x, this.y(value)]);
    }

    drawnSeeds(line) {
      return (line.seeds ?? []).map((values) => shape("path",
        { class: "seed", style: `stroke: ${line.colour}`, d: path(this.points(line, values)) }));
    }

    drawnLine(line) {
      const band = [...this.points(line, line.high), ...this.points(line, line.low).reverse()];
      return [
        shape("path", { class: "band", style: `fill: ${line.colour}`, d: path(band) }),
        shape("path", { class: "mean", style: `stroke: ${line.colour}`,
          d: path(this.points(line, line.mean)) }),
      ];
    }

    nearest(clientX) {
      const x = clientX - this.box.getBoundingClientRect().left;
      const distance = this.places.map((value) => Math.abs(this.x(value) - x));
      return distance.indexOf(Math.min(...distance));
    }

    // For each line on view its evaluation that is nearest to a place of the axis.
    valuesAt(value) {
      return this.shown.map((line) => {
        const distance = line[this.choice.axis].map((other) => Math.abs(other - value));
        const at = distance.indexOf(Math.min(...distance));
        const [mean, low, high] = [line.mean, line.low, line.high].map((values) =>
          values[at] === null ? null : written(values[at], this.data.share));
        const interval = low === null ? "no interval" : `${low} to ${high}`;
        return { line, at, mean, interval, seeds: counted(line.n[at], "seed") };
      });
    }

    show(place) {
      this.place = place;
      this.tip.hidden = place === null || !this.shown.length;
      const timed = this.choice.axis === "seconds";
      const value = this.places[place ?? this.places.length - 1];
      const title = timed ? duration(value) : steps(value);
      const rows = this.valuesAt(value).map((row) => {
        const when = timed ? [steps(row.line.steps[row.at]), duration(row.line.seconds[row.at])] : [];
        return { ...row, about: [row.interval, row.seeds, ...when] };
      });
      this.box.setAttribute("aria-valuenow", place ?? this.places.length - 1);
      this.box.setAttribute("aria-valuetext", [`${title}:`, ...rows.map(({ line, mean, about }) =>
        `${line.name} ${mean}, ${about.join(", ")};`)].join(" "));
      this.marker.replaceChildren();
      if (this.tip.hidden) return;
      this.point(value, rows);
      this.tip.replaceChildren(element("b", { textContent: title }),
        element("small", { textContent: "mean, 95% interval" }), ...rows.map((row) => {
        const about = row.about.map((words) => element("span", { textContent: words }));
        return element("p", {}, this.constructor.chip(row.line.colour), row.line.name,
          element("b", { textContent: row.mean }), element("small", {}, ...about));
      }));
      this.moveTip(this.x(value));
    }

    point(value, rows) {
      const x = this.x(value), foot = this.height - MARGIN.bottom;
      this.marker.append(shape("path", { class: "cursor", d: `M${x} ${MARGIN.top}V${foot}` }));
      for (const { line, at } of rows) {
        const cx = this.x(line[this.choice.axis][at]), cy = this.y(line.mean[at]);
        this.marker.append(shape("circle", { cx, cy, r: 4, style: `fill: ${line.colour}` }));
      }
    }

    // Beside the pointer where there is more room, and not below the window's edge.
    moveTip(x) {
      const right = x < this.width / 2;
      this.tip.style.left = right ? `${x + 10}px` : "";
      this.tip.style.right = right ? "" : `${this.width - x + 10}px`;
      this.tip.style.maxWidth = `${Math.max(150, (right ? this.width - x : x) - 12)}px`;
      const room = window.innerHeight - this.box.getBoundingClientRect().top;
      this.tip.style.top = `${Math.min(MARGIN.top, room - this.tip.offsetHeight - 8)}px`;
    }
  };
})();
