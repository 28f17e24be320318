// A table of thousands of rows of one height, of which only those in view are elements.

import { h } from "./dom.js";

const BEYOND = 8; // rows above and below the view

export class Rows {
  // `columns` are [class, title]; `cells` makes the contents of a row's cells; `chosen` is called with a row's value.
  constructor(columns, cells, chosen, label) {
    this.columns = columns;
    this.cells = cells;
    this.values = [];
    this.follows = true;
    this.selected = null;
    this.body = h("div", { role: "rowgroup", class: "body" });
    const head = h("div", { role: "rowgroup", class: "head" },
      h("div", { role: "row", "aria-rowindex": "1", class: "row" }, columns.map(([name, title]) => h("div", { role: "columnheader", class: name }, title))));
    this.scroller = h("div", { class: "rows", role: "table", "aria-label": label, tabindex: "0", onscroll: () => this.scrolled() }, head, this.body);
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row && !event.target.closest("a")) chosen(this.values[Number(row.dataset.index)]);
    });
    this.element = this.scroller;
    new ResizeObserver(() => this.later()).observe(this.scroller);
  }

  set(values) {
    this.scrolled(); // whoever has just scrolled up reads there, although the event is still to come
    if (!this.follows) this.keepPlace(values);
    this.values = values;
    if (this.follows) this.toEnd();
    this.scroller.setAttribute("aria-rowcount", values.length + 1);
    this.later();
  }

  height() {
    return parseFloat(getComputedStyle(this.scroller).getPropertyValue("--row"));
  }

  keepPlace(values) { // rows may come above the one that somebody reads
    const height = this.height();
    const at = Math.floor(this.scroller.scrollTop / height);
    if (!this.values[at] || values[at]?.id === this.values[at].id) return;
    const now = values.findIndex((each) => each.id === this.values[at].id);
    if (now < 0) return;
    this.body.style.height = `${values.length * height}px`;
    this.scroller.scrollTop += (now - at) * height;
    this.top = this.scroller.scrollTop;
  }

  toEnd() {
    this.body.style.height = `${this.values.length * this.height()}px`;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.top = this.scroller.scrollTop;
  }

  select(identifier) {
    this.selected = identifier;
    this.later();
  }

  follow(follows) {
    this.follows = follows;
    this.later();
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4;
    if (this.follows && !isAtEnd && scrollTop < this.top) { // somebody has scrolled up
      this.follows = false;
      this.onunfollow?.();
    }
    this.top = scrollTop;
    this.later();
  }

  later() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.render(); });
  }

  render() {
    const height = this.height();
    if (this.follows) this.toEnd();
    else this.body.style.height = `${this.values.length * height}px`;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / height) - BEYOND);
    const last = Math.min(this.values.length, Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / height) + BEYOND);
    const focused = this.body.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.body.replaceChildren(...this.values.slice(first, last).map((value, at) => this.row(value, first + at, height)));
    if (focused) this.body.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  row(value, index, height) {
    const cells = this.cells(value);
    const row = h("div", { role: "row", class: `row${value.refused ? " refused" : ""}${value.id === this.selected ? " selected" : ""}`, "data-index": index, "aria-rowindex": index + 2 },
      this.columns.map(([name], at) => h("div", { role: "cell", class: name }, cells[at])));
    row.style.transform = `translateY(${index * height}px)`;
    return row;
  }
}
