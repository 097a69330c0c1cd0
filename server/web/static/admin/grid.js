// The cells of a table: fields in rows and columns, into any of which a table from elsewhere can be pasted.

const MOST_COLUMNS = 12;
const MOST_ROWS = 60;

/** Draw the cells of a block and make them work; gives what reads them, or null where there is no place for them. */
export function grid(box, block) {
  if (!box) return null;
  let cells = [block.header ?? ["", ""], ...(block.rows ?? [["", ""]])].map((row) => [...row]);

  const read = () =>
    [...box.querySelectorAll("tr")].map((row) => [...row.querySelectorAll("input")].map((cell) => cell.value));

  const draw = (focus) => {
    const width = Math.max(1, ...cells.map((row) => row.length));
    const table = document.createElement("table");
    table.className = "table grid";
    cells.forEach((row, at) => {
      const line = table.insertRow();
      for (let column = 0; column < width; column += 1) {
        const field = document.createElement("input");
        field.className = "form-control";
        field.maxLength = 400;
        field.value = row[column] ?? "";
        field.setAttribute("aria-label", box.dataset.textCell.replace("{row}", at + 1).replace("{column}", column + 1));
        const cell = document.createElement(at ? "td" : "th");
        cell.append(field);
        line.append(cell);
      }
    });
    box.replaceChildren(table);
    if (focus) table.rows[focus[0]]?.cells[focus[1]]?.querySelector("input").focus();
  };

  const change = (deed) => {
    cells = read();
    const width = cells[0].length;
    if (deed === "row" && cells.length <= MOST_ROWS) cells.push(Array(width).fill(""));
    else if (deed === "column" && width < MOST_COLUMNS) for (const row of cells) row.push("");
    else if (deed === "row-less" && cells.length > 1) cells.pop();
    else if (deed === "column-less" && width > 1) for (const row of cells) row.pop();
    draw(deed === "row" ? [cells.length - 1, 0] : deed === "column" ? [0, cells[0].length - 1] : null);
  };

  for (const deed of ["row", "column", "row-less", "column-less"]) {
    box.parentElement.querySelector(`[data-grid-${deed}]`).addEventListener("click", () => change(deed));
  }
  box.addEventListener("paste", (event) => {
    const given = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "");
    const field = event.target.closest("input");
    if (!field || !/[\t\n]/.test(given)) return;
    event.preventDefault();
    cells = read();
    const row = field.closest("tr").rowIndex;
    const column = field.closest("th, td").cellIndex;
    given.split(/\r?\n/).forEach((line, down) => {
      if (row + down > MOST_ROWS) return;
      cells[row + down] ??= [];
      line.split("\t").forEach((text, right) => {
        if (column + right < MOST_COLUMNS) cells[row + down][column + right] = text.trim().slice(0, 400);
      });
    });
    cells = cells.map((line) => Array.from(line, (text) => text ?? ""));
    draw([row, column]);
  });
  box.addEventListener("keydown", (event) => {
    const field = event.target.closest("input");
    const step = { ArrowUp: -1, ArrowDown: 1, Enter: 1 }[event.key];
    if (!field || !step || event.isComposing) return;
    const row = box.querySelector("table").rows[field.closest("tr").rowIndex + step];
    event.preventDefault();
    row?.cells[field.closest("th, td").cellIndex].querySelector("input").focus();
  });
  draw();

  return () => {
    const all = read().map((row) => row.map((text) => text.trim()));
    const [header, ...rows] = all;
    return { header, rows: rows.filter((row) => row.some(Boolean)) };
  };
}
