// A set as the table that people see: claims by models, filtered and sorted. Pure.
import type { SetRows } from "./api";
import { percent, range_text } from "./words";

export interface Cell {
  check: string;
  state: SetRows["cells"]["state"][number];
  p: number | null;
  interval: [number, number] | null;
  is_stable: boolean | null;
  gates_failed: string[];
  billed: number; // micro-dollars
}

export interface Line {
  number: number;
  line: number;
  claim: string;
  tags: string[];
  truth: boolean | null;
  cells: (Cell | null)[]; // by model; null: its check was removed
  apart: number | null; // see disagreement()
}

// The largest difference between two models that have a stable belief, as docs/atlas.md has it. Null with fewer than
// two.
function disagreement(cells: (Cell | null)[]): number | null {
  const stable = cells.flatMap((cell) => (cell?.p != null && cell.is_stable !== false ? [cell.p] : []));
  return stable.length < 2 ? null : Math.max(...stable) - Math.min(...stable);
}

function cells_of({ cells }: SetRows): { number: number; model: number; cell: Cell }[] {
  return cells.check.map((check, i) => {
    const [low, high] = [cells.low[i] ?? null, cells.high[i] ?? null];
    return {
      number: cells.claim[i] ?? 0,
      model: cells.model[i] ?? 0,
      cell: {
        check,
        state: cells.state[i] ?? "queued",
        p: cells.p[i] ?? null,
        interval: low === null || high === null ? null : [low, high],
        is_stable: cells.stable[i] ?? null,
        gates_failed: cells.gates_failed[i] ?? [],
        billed: cells.billed[i] ?? 0,
      },
    };
  });
}

export function lines_of(rows: SetRows): Line[] {
  const models = rows.set.models.length;
  const lines = (rows.claims ?? []).map((claim): Line => ({
    ...claim,
    cells: Array<null>(models).fill(null),
    apart: null,
  }));
  const by_number = new Map(lines.map((line) => [line.number, line]));
  for (const { number, model, cell } of cells_of(rows)) {
    const line = by_number.get(number);
    if (line) line.cells[model] = cell;
  }
  for (const line of lines) line.apart = disagreement(line.cells);
  return lines;
}

// With the cells that changed; a line without a change stays the same object.
export function changed_lines(lines: Line[], rows: SetRows): Line[] {
  const changes = new Map<number, Line["cells"]>();
  const by_number = new Map(lines.map((line) => [line.number, line]));
  for (const { number, model, cell } of cells_of(rows)) {
    const before = by_number.get(number)?.cells;
    if (!before || JSON.stringify(before[model]) === JSON.stringify(cell)) continue;
    const cells = changes.get(number) ?? [...before];
    cells[model] = cell;
    changes.set(number, cells);
  }
  if (changes.size === 0) return lines;
  return lines.map((line) => {
    const cells = changes.get(line.number);
    return cells ? { ...line, cells, apart: disagreement(cells) } : line;
  });
}

// What the address says.
export interface View {
  search: string;
  tag: string;
  gate: string; // "", passed, failed, unstable, or "failed NAME"
  models: string[]; // those that are shown; none: all
  sort: string; // "" (as given), apart, claim, or "model NAME"
  is_up: boolean; // the other way round
}

export const view_at = ({ searchParams: given }: URL): View => ({
  search: given.get("search") ?? "",
  tag: given.get("tag") ?? "",
  gate: given.get("gate") ?? "",
  models: given.getAll("model"),
  sort: given.get("sort") ?? "",
  is_up: given.get("order") === "up",
});

export function query_of(view: View): string {
  const query = new URLSearchParams();
  for (const name of ["search", "tag", "gate", "sort"] as const) if (view[name]) query.set(name, view[name]);
  for (const model of view.models) query.append("model", model);
  if (view.is_up) query.set("order", "up");
  return query.toString();
}

export const is_measured = (cell: Cell | null): cell is Cell & { p: number } => cell?.p != null;

function passes_gate(cells: (Cell | null)[], gate: string): boolean {
  const measured = cells.filter(is_measured);
  if (gate === "") return true;
  if (gate === "passed") return measured.length > 0 && measured.every((cell) => cell.gates_failed.length === 0);
  if (gate === "unstable") return measured.some((cell) => cell.is_stable === false);
  if (gate === "failed") return measured.some((cell) => cell.gates_failed.length > 0);
  return measured.some((cell) =>
    `failed ${cell.gates_failed.join(" failed ")}`.split(" failed ").includes(gate.slice(7)),
  );
}

const kCollator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

// `shown`: places of the models that are shown.
export function arranged(lines: Line[], view: View, models: string[], shown: number[]): Line[] {
  const wanted = view.search.trim().toLowerCase();
  const kept = lines.filter(
    (line) =>
      (!wanted || line.claim.toLowerCase().includes(wanted)) &&
      (!view.tag || line.tags.includes(view.tag)) &&
      passes_gate(
        shown.map((model) => line.cells[model] ?? null),
        view.gate,
      ),
  );

  const way = view.is_up ? -1 : 1;
  if (view.sort === "claim") return kept.sort((a, b) => way * kCollator.compare(a.claim, b.claim));
  const model = view.sort.startsWith("model ") ? models.indexOf(view.sort.slice(6)) : -1;
  const value =
    view.sort === "apart"
      ? (line: Line) => disagreement(shown.map((one) => line.cells[one] ?? null))
      : model >= 0
        ? (line: Line) => line.cells[model]?.p ?? null
        : null;
  if (value === null) return view.is_up ? kept.reverse() : kept;

  // The largest first; lines without a value stand last, whichever way.
  const keyed = kept.map((line) => ({ line, key: value(line) }));
  keyed.sort((a, b) =>
    a.key === null || b.key === null ? Number(a.key === null) - Number(b.key === null) : way * (b.key - a.key),
  );
  return keyed.map(({ line }) => line);
}

// The step of the diverging palette, 0 certainly false to 8 certainly true (web/src/palette.css).
const kSteps = [0.05, 0.2, 0.35, 0.45, 0.55, 0.65, 0.8, 0.95];
export const step_of = (p: number): number => {
  const found = kSteps.findIndex((limit) => p < limit || (limit === 0.55 && p <= limit));
  return found < 0 ? kSteps.length : found;
};

const kStates = {
  queued: "waiting",
  running: "being measured",
  done: "no result",
  failed: "failed",
  cancelled: "cancelled",
};

export function cell_in_words(cell: Cell | null): string {
  if (cell === null) return "removed";
  if (!is_measured(cell)) return kStates[cell.state];
  const range = cell.interval ? `, from ${range_text(cell.interval)}` : "";
  const gates = cell.gates_failed.length ? `; gate not passed: ${cell.gates_failed.join(", ")}` : "";
  return `${cell.is_stable === false ? "no stable belief, centre " : ""}${percent(cell.p)}${range}${gates}`;
}

// Without the sign of the column, which would repeat in every cell.
export const state_in_short = (cell: Cell | null): string => (cell === null ? "removed" : kStates[cell.state]);

export interface Sum {
  checks: number;
  measured: number;
  stable: number;
  unstable: number;
  gates_failed: number;
  failed: number;
  billed: number;
}

export function sum_of(lines: Line[], model: number | null): Sum {
  const sum: Sum = { checks: 0, measured: 0, stable: 0, unstable: 0, gates_failed: 0, failed: 0, billed: 0 };
  for (const line of lines) {
    for (const cell of model === null ? line.cells : [line.cells[model] ?? null]) {
      if (!cell) continue;
      sum.checks += 1;
      sum.billed += cell.billed;
      sum.failed += cell.state === "failed" ? 1 : 0;
      if (!is_measured(cell)) continue;
      sum.measured += 1;
      sum[cell.is_stable === false ? "unstable" : "stable"] += 1;
      sum.gates_failed += cell.gates_failed.length > 0 ? 1 : 0;
    }
  }
  return sum;
}
