"use strict";
// The matrix of an atlas: sorts and filters claims, and draws only the rows that are in sight.
(() => {
  const data = JSON.parse(document.getElementById("atlas-data").textContent);
  const { models, tags, gates, claims } = data;
  // A cell: [standing, p, low, high, gates, micro-dollars, execution, error]; standings are these.
  const NONE = 0, UNSTABLE = 1;
  const ROWS_AROUND = 4; // drawn above and below what is in sight

  const scroll = document.getElementById("atlas-scroll");
  const table = document.getElementById("atlas-matrix");
  const body = table.tBodies[0];
  const status = document.getElementById("atlas-status");
  const dialog = document.getElementById("atlas-claim");
  const wanted = { sort: "apart", descending: true, tag: "", gate: "", text: "", models: models.map(() => true) };

  const made = (name, className, text) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const two = (p) => p.toFixed(2);
  const apartOf = (claim) => claim[3];
  const cellsOf = (claim) => claim[4];
  // A difference is that of the printed numbers.
  const printedApart = (claim) => (Math.round(claim[6] * 100) - Math.round(claim[5] * 100)) / 100;
  const apartText = (claim) => (apartOf(claim) === null ? "" : two(printedApart(claim)));

  // ---- which claims, in which order

  let shown = [];

  const fitsGate = (claim) => {
    if (wanted.gate === "") return true;
    const failed = (cell, column) => cell && wanted.models[column] && cell[4].length > 0;
    if (wanted.gate === "any") return cellsOf(claim).some(failed);
    if (wanted.gate === "none") return !cellsOf(claim).some(failed);
    if (wanted.gate === "unstable") return cellsOf(claim).some((cell, column) => cell && wanted.models[column] && cell[0] === UNSTABLE);
    const gate = gates.indexOf(wanted.gate.slice(1));
    return cellsOf(claim).some((cell, column) => failed(cell, column) && cell[4].includes(gate));
  };

  const valueOf = (claim) => {
    // By what is printed, and among equals by what is behind it.
    if (wanted.sort === "apart") return apartOf(claim) === null ? null : printedApart(claim) + apartOf(claim) / 1000;
    const cell = cellsOf(claim)[Number(wanted.sort)];
    return cell && cell[0] !== NONE ? cell[1] : null;
  };

  const choose = () => {
    const tag = wanted.tag === "" ? -1 : tags.indexOf(wanted.tag);
    const text = wanted.text.toLocaleLowerCase();
    shown = [];
    claims.forEach((claim, index) => {
      if (tag >= 0 && !claim[1].includes(tag)) return;
      if (text && !claim[0].toLocaleLowerCase().includes(text)) return;
      if (fitsGate(claim)) shown.push(index);
    });
    const sign = wanted.descending ? -1 : 1;
    if (wanted.sort === "claim") {
      const order = new Intl.Collator(undefined, { numeric: true }).compare;
      shown.sort((a, b) => sign * order(claims[a][0], claims[b][0]) || a - b);
    } else {
      // What has no number stands last, whichever way it is sorted.
      shown.sort((a, b) => {
        const x = valueOf(claims[a]), y = valueOf(claims[b]);
        if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
        return sign * (x - y) || a - b;
      });
    }
  };

  // ---- rows

  const cellText = (cell) => {
    if (!cell) return "not asked";
    if (cell[0] === NONE) return "no belief" + (cell[7] ? ": " + cell[7] : "");
    const interval = cell[2] === null ? "" : ", " + two(cell[2]) + " to " + two(cell[3]);
    const failed = cell[4].length ? "; failed: " + cell[4].map((g) => gates[g]).join(", ") : "";
    return (cell[0] === UNSTABLE ? "no stable belief, centre " : "") + two(cell[1]) + interval + failed;
  };

  // A stretch of the scale from 0 to 1, painted: elements for it would cost a third of a frame.
  const stretch = (from, to, color) => {
    const [a, b] = [from, to].map((p) => (p * 100).toFixed(1) + "%");
    return `linear-gradient(90deg,transparent ${a},var(${color}) ${a},var(${color}) ${b},transparent ${b})`;
  };

  // Only what a cell itself shows is changed, and nothing that its parts would inherit: a frame has no time for more.
  const fillCell = (td, cell) => {
    const number = td.firstChild, scale = td.lastChild;
    td.title = cellText(cell);
    if (!cell || cell[0] === NONE) {
      td.className = cell ? "none" : "unasked";
      number.data = cell ? "none" : "–";
      scale.hidden = true;
      return;
    }
    const [standing, p, low, high, failed] = cell;
    const width = low === null ? 0.5 : high - low;
    // Strong where the number is far from one half and its interval narrow: 0 to 10.
    const tint = Math.round(20 * Math.abs(p - 0.5) * (1 - 0.7 * Math.min(1, width / 0.5)));
    td.className = standing === UNSTABLE ? "unstable" : (p < 0.5 ? "false tint" : "true tint") + tint;
    number.data = (standing === UNSTABLE ? "unstable" : two(p)) + (failed.length ? " ✕" : "");
    scale.hidden = false;
    const bar = low === null ? "none" : stretch(low, Math.max(high, low + 0.01), "--bar");
    scale.style.backgroundImage = stretch(p - 0.012, p + 0.012, "--text") + "," + bar;
  };

  const makeRow = () => {
    const row = made("tr", "row");
    const head = made("th");
    head.scope = "row";
    head.append(made("button"));
    head.firstChild.type = "button";
    row.append(head);
    const apart = made("td", "far");
    apart.append("", made("span", "difference"));
    apart.hidden = models.length < 2;
    row.append(apart);
    models.forEach(() => {
      const td = made("td");
      td.append("", made("span", "scale"));
      row.append(td);
    });
    return row;
  };

  const fillRow = (row, place) => {
    const claim = claims[shown[place]];
    row.setAttribute("aria-rowindex", place + 2);
    const button = row.children[0].firstChild;
    button.textContent = claim[0];
    button.dataset.claim = shown[place];
    const apart = row.children[1];
    apart.firstChild.data = apartText(claim);
    apart.lastChild.style.width = (apartOf(claim) || 0) * 100 + "%";
    cellsOf(claim).forEach((cell, column) => {
      const td = row.children[2 + column];
      td.hidden = !wanted.models[column];
      if (wanted.models[column]) fillCell(td, cell);
    });
  };

  const gap = () => {
    const row = made("tr", "gap");
    row.setAttribute("aria-hidden", "true");
    row.append(made("td"));
    row.firstChild.colSpan = models.length + 2;
    return row;
  };
  const above = gap(), below = gap();
  body.replaceChildren(above, below);

  const drawn = new Map(); // place to row
  const spare = [];
  let rowHeight = 53;

  // Rows that leave are taken out only where no row that comes can take their place: after a long way all of them stay
  // where they are and are filled anew.
  const draw = (first, last) => {
    const leaving = [...drawn].sort(([a], [b]) => a - b).filter(([place]) => place < first || place >= last);
    const stays = leaving.length < drawn.size;
    for (const [place, row] of leaving) {
      if (row.contains(document.activeElement)) scroll.focus({ preventScroll: true });
      drawn.delete(place);
      if (stays) {
        row.remove();
        spare.push(row);
      }
    }
    const inPlace = stays ? [] : leaving.map(([, row]) => row);
    for (const row of inPlace.splice(last - first)) {
      row.remove();
      spare.push(row);
    }

    let next = below;
    for (let place = last - 1; place >= first; --place) {
      let row = drawn.get(place);
      if (!row) {
        row = inPlace.pop() || spare.pop() || makeRow();
        fillRow(row, place);
        drawn.set(place, row);
      }
      if (row.nextSibling !== next) body.insertBefore(row, next);
      next = row;
    }
    above.firstChild.style.height = first * rowHeight + "px";
    below.firstChild.style.height = (shown.length - last) * rowHeight + "px";
  };

  const drawInSight = () => {
    const first = Math.max(0, Math.floor(scroll.scrollTop / rowHeight) - ROWS_AROUND);
    const last = Math.min(shown.length, first + Math.ceil(scroll.clientHeight / rowHeight) + 2 * ROWS_AROUND);
    draw(Math.min(first, Math.max(0, last - 1)), last);
  };

  let waiting = false;
  scroll.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      drawInSight();
    });
  });
  addEventListener("resize", drawInSight);
  // On paper there is no scrolling.
  addEventListener("beforeprint", () => draw(0, Math.min(shown.length, 2000)));
  addEventListener("afterprint", drawInSight);

  // ---- what is asked for

  const heads = [...table.tHead.rows[0].cells];
  const keyOf = (head) => head.firstElementChild.dataset.sort;

  const remember = () => {
    const told = new URLSearchParams();
    if (wanted.sort !== "apart" || !wanted.descending) told.set("sort", (wanted.descending ? "-" : "") + wanted.sort);
    if (wanted.tag) told.set("tag", wanted.tag);
    if (wanted.gate) told.set("gate", wanted.gate);
    if (wanted.text) told.set("with", wanted.text);
    if (!wanted.models.every(Boolean)) told.set("models", wanted.models.flatMap((on, i) => (on ? [i] : [])).join("."));
    history.replaceState(null, "", "#" + told);
  };

  const recall = () => {
    const told = new URLSearchParams(location.hash.slice(1));
    const sort = told.get("sort") || (models.length > 1 ? "-apart" : "claim");
    wanted.descending = sort.startsWith("-");
    wanted.sort = sort.replace(/^-/, "");
    if (!heads.some((head) => keyOf(head) === wanted.sort)) wanted.sort = "claim";
    wanted.tag = tags.includes(told.get("tag")) ? told.get("tag") : "";
    wanted.gate = told.get("gate") || "";
    wanted.text = told.get("with") || "";
    const on = told.get("models");
    if (on !== null) wanted.models = models.map((_, i) => on.split(".").includes(String(i)));
  };

  const field = (name) => document.getElementById("atlas-" + name);
  const show = () => {
    choose();
    heads.forEach((head) => {
      head.setAttribute("aria-sort", keyOf(head) !== wanted.sort ? "none" : wanted.descending ? "descending" : "ascending");
      const column = Number(keyOf(head));
      if (!Number.isNaN(column)) head.hidden = !wanted.models[column];
    });
    table.setAttribute("aria-rowcount", shown.length + 1);
    status.textContent = shown.length.toLocaleString("en") + " of " + claims.length.toLocaleString("en") + " claims";
    draw(0, 0);
    scroll.scrollTop = 0;
    drawInSight();
    const row = drawn.get(0);
    if (row && row.offsetHeight && row.offsetHeight !== rowHeight) {
      rowHeight = row.offsetHeight;
      drawInSight();
    }
  };
  const change = () => {
    remember();
    show();
  };

  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const key = button.dataset.sort;
    wanted.descending = wanted.sort === key ? !wanted.descending : key !== "claim";
    wanted.sort = key;
    change();
  });
  for (const name of ["tag", "gate"]) {
    field(name).addEventListener("change", () => {
      wanted[name] = field(name).value;
      change();
    });
  }
  field("text").addEventListener("input", () => {
    wanted.text = field("text").value;
    change();
  });
  field("models").addEventListener("change", (event) => {
    wanted.models[Number(event.target.value)] = event.target.checked;
    change();
  });

  // ---- one claim

  const lines = (claim) =>
    cellsOf(claim).flatMap((cell, column) => {
      if (!cell) return [];
      const row = made("tr");
      const head = made("th", "", models[column]);
      head.scope = "row";
      row.append(head, made("td", "", cellText(cell)), made("td", "num", "$" + (cell[5] / 1e6).toFixed(6)));
      const command = made("td");
      if (cell[6]) command.append(made("code", "", "heretix report " + cell[6]));
      row.append(command);
      return [row];
    });

  body.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const claim = claims[Number(button.dataset.claim)];
    const truth = claim[2] === null ? "" : claim[2] ? "Labelled true. " : "Labelled false. ";
    dialog.querySelector("h2").textContent = claim[0];
    dialog.querySelector("p").textContent = truth + claim[1].map((t) => tags[t]).join(" · ");
    dialog.querySelector("tbody").replaceChildren(...lines(claim));
    dialog.showModal();
  });

  recall();
  field("tag").value = wanted.tag;
  field("gate").value = wanted.gate;
  field("text").value = wanted.text;
  field("models").querySelectorAll("input").forEach((box, i) => (box.checked = wanted.models[i]));
  document.getElementById("atlas-interactive").hidden = false;
  show();
})();
