// Tables sort by their heads and can be narrowed to a compartment; the page is complete without it.
(() => {
  // A number where the cell begins with one, thousands parted by commas; null where nothing is known.
  function value(row, column) {
    const text = row.cells[column].textContent.trim();
    if (text === "" || text === "–") return null;
    const number = parseFloat(text.replace(/,(?=\d{3})/g, ""));
    return Number.isNaN(number) ? text : number;
  }

  function compare(x, y) {
    return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
  }

  function sort(table, head) {
    const [body, column] = [table.tBodies[0], head.cellIndex];
    const before = head.getAttribute("aria-sort");
    // Names begin with A, figures with the largest; a second click turns that round.
    const first = head.classList.contains("text") ? "ascending" : "descending";
    const second = first === "ascending" ? "descending" : "ascending";
    const order = before === first ? second : first;
    const sign = order === "ascending" ? 1 : -1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const rows = [...body.rows].map((row) => [value(row, column), row]);
    rows.sort(([x], [y]) => (x === null || y === null ? (x === null) - (y === null) : sign * compare(x, y)));
    body.append(...rows.map(([, row]) => row));
  }

  function makeSortable(table) {
    table.classList.add("sortable");
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head));
      head.append(button);
    }
  }

  function makeFilter(table) {
    const heads = [...table.tHead.rows[0].cells];
    const column = heads.findIndex((head) => head.textContent.trim() === "Compartment");
    const rows = [...table.tBodies[0].rows];
    const found = new Set(rows.map((row) => row.cells[column]?.textContent.trim()));
    if (column < 0 || found.size < 2) return;
    const select = document.createElement("select");
    select.append(new Option("all", ""), ...[...found].sort().map((name) => new Option(name, name)));
    const apply = () => {
      for (const row of rows) {
        row.hidden = select.value !== "" && row.cells[column].textContent.trim() !== select.value;
      }
    };
    select.addEventListener("change", apply);
    // On paper nobody could tell that lines are left out.
    addEventListener("beforeprint", () => { select.value = ""; apply(); });
    const label = document.createElement("label");
    label.className = "filter";
    label.append("Compartment ", select);
    table.parentElement.before(label);
  }

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    makeFilter(table);
    makeSortable(table);
  }
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
  // A link to a line of a folded table opens it.
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1));
    const folded = target?.closest("details");
    if (!folded || folded.open) return;
    folded.open = true;
    target.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", unfold);
  unfold();
})();
