// The matrix of a set: claims by models, as a grid of which only the rows that are seen are drawn. One stop of the Tab
// key; the arrow keys go from cell to cell, and Enter opens the check. The colour says which way a belief leans and how
// far, the bar below the number how wide its interval is, and grey that there is no stable belief.
import { memo } from "preact/compat";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { cell_in_words, is_measured, state_in_short, step_of, type Cell, type Line, type View } from "../table";
import { go } from "../route";
import { percent } from "../words";

export const kRow = 52; // px, as .matrix in style.css
const kBeyond = 4; // rows drawn above and below what is seen
const kAtOnce = 12; // rows drawn anew in one frame: a fast scroll fills the screen in a few short frames

interface Place {
  row: number; // -1: the head
  column: number; // 0: the claim; then the models; then how far they are apart
}

// The rows to draw now, from `first` up to `last`, on the way from those that are drawn to those that are wanted.
type Rows = [first: number, last: number];

function next_rows(drawn: Rows, wanted: Rows): Rows {
  if (drawn[0] === wanted[0] && drawn[1] === wanted[1]) return drawn;
  let first = Math.max(drawn[0], wanted[0]);
  let last = Math.min(drawn[1], wanted[1]);
  if (first >= last) first = last = Math.min(wanted[0] + kBeyond, wanted[1]);

  const below = Math.min(kAtOnce, wanted[1] - last);
  const above = Math.min(kAtOnce - below, first - wanted[0]);
  return [first - above, last + below];
}

// One element for a cell, because many are drawn anew in each frame of a fast scroll: its bar is a background.
function style_of(cell: Cell | null) {
  if (!is_measured(cell)) return undefined;
  const [low, high] = cell.interval ?? [cell.p, cell.p];
  return { "--p": cell.p, "--low": low, "--high": high };
}

function text_of(cell: Cell | null): string {
  if (!is_measured(cell)) return state_in_short(cell);
  const gates = cell.gates_failed.length === 0 ? "" : " ✕";
  return `${cell.is_stable === false ? "unstable" : percent(cell.p)}${gates}`;
}

function class_of(cell: Cell | null): string {
  if (!is_measured(cell)) return cell?.state === "failed" ? "cell failed" : "cell empty";
  return cell.is_stable === false ? "cell bar none" : `cell bar lean-${step_of(cell.p)}`;
}

const path_of = (line: Line): string => `/checks/${line.cells.flatMap((cell) => (cell ? [cell.check] : [])).join(",")}`;

const about = ({ tags, truth }: Line): string => [...(truth === null ? [] : [`truth: ${truth}`]), ...tags].join(" · ");

interface RowProps {
  line: Line;
  place: number;
  shown: number[];
  names: string[];
  apart: string;
  focused: number; // the column that the Tab key reaches; -1: none of this row
}

// Drawn again only if something in it changed.
const Row = memo(function Row({ line, place, shown, names, apart, focused }: RowProps) {
  const tab = (column: number) => (focused === column ? 0 : -1);
  const beside = about(line);
  const last = shown.length + 1;
  return (
    <div role="row" class="line" aria-rowindex={place + 2} style={{ transform: `translateY(${place * kRow}px)` }}>
      <div role="rowheader" aria-colindex={1}>
        <a class="claim" href={path_of(line)} tabIndex={tab(0)} data-at={`${place} 0`} title={line.claim}>
          <b>{line.claim}</b>
          {beside && <small>{beside}</small>}
        </a>
      </div>
      {shown.map((model, i) => {
        const cell = line.cells[model] ?? null;
        const label = `${names[model]}: ${cell_in_words(cell)}`;
        return (
          <div
            role="gridcell"
            key={model}
            class={class_of(cell)}
            style={style_of(cell)}
            aria-colindex={i + 2}
            aria-label={label}
            title={label}
            tabIndex={tab(i + 1)}
            data-at={`${place} ${i + 1}`}
          >
            {text_of(cell)}
          </div>
        );
      })}
      <div role="gridcell" class="apart" aria-colindex={last + 1} tabIndex={tab(last)} data-at={`${place} ${last}`}>
        {apart}
      </div>
    </div>
  );
});

interface HeadProps {
  name: string;
  sort: string; // as in the address
  column: number;
  view: View;
  is_reached: boolean;
  onSort: (sort: string) => void;
}

function Head({ name, sort, column, view, is_reached, onSort }: HeadProps) {
  const is_sorted = view.sort === sort;
  // Claims go from A on, numbers from the largest on.
  const is_ascending = (sort === "claim") !== view.is_up;
  return (
    <div
      role="columnheader"
      aria-colindex={column + 1}
      aria-sort={!is_sorted ? undefined : is_ascending ? "ascending" : "descending"}
    >
      <button
        type="button"
        class="plain"
        tabIndex={is_reached ? 0 : -1}
        data-at={`-1 ${column}`}
        onClick={() => onSort(sort)}
      >
        <span>{name}</span>
        <i aria-hidden="true">{is_sorted ? (is_ascending ? "▲" : "▼") : ""}</i>
      </button>
    </div>
  );
}

interface MatrixProps {
  lines: Line[];
  models: string[];
  names: string[]; // of the models, as they are shown
  shown: number[];
  view: View;
  onSort: (sort: string) => void;
}

export function Matrix({ lines, models, names, shown, view, onSort }: MatrixProps) {
  const box = useRef<HTMLDivElement>(null);
  const [[first, last], see] = useState<Rows>([0, 30]);
  const wanted = useRef<Rows>([first, last]);
  const [at_place, reach] = useState<Place>({ row: 0, column: 0 });
  const moves = useRef(false); // the focus goes where at_place is once that is drawn
  const columns = shown.length + 2;

  // Once in a frame, however often it is scrolled.
  const next_frame = useRef(0);
  const draw_more = useCallback(() => {
    next_frame.current ||= requestAnimationFrame(() => {
      next_frame.current = 0;
      see((drawn) => next_rows(drawn, wanted.current));
    });
  }, []);
  const look = useCallback(() => {
    const { scrollTop, clientHeight } = box.current as HTMLDivElement;
    wanted.current = [
      Math.max(0, Math.floor(scrollTop / kRow) - kBeyond),
      Math.ceil((scrollTop + clientHeight) / kRow) + kBeyond,
    ];
    draw_more();
  }, [draw_more]);
  useEffect(() => {
    if (first !== wanted.current[0] || last !== wanted.current[1]) draw_more();
  }, [draw_more, first, last]);
  useEffect(() => () => cancelAnimationFrame(next_frame.current), []);

  // The claims stay in sight only where the table is scrolled sideways, because that makes scrolling dearer.
  const [is_wide, widen] = useState(false);
  useEffect(() => {
    const measure = () => {
      const { scrollWidth, clientWidth } = box.current as HTMLDivElement;
      widen(scrollWidth > clientWidth);
      look();
    };
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [look, lines.length, shown.length]);

  // What the Tab key reaches is always there.
  const row = Math.min(at_place.row, lines.length - 1);
  const column = Math.min(at_place.column, columns - 1);
  const drawn: number[] = [];
  for (let i = first; i < Math.min(last, lines.length); ++i) drawn.push(i);
  if (row >= 0 && row < lines.length && (row < first || row >= last)) drawn.push(row);

  useLayoutEffect(() => {
    if (!moves.current) return;
    moves.current = false;
    box.current?.querySelector<HTMLElement>(`[data-at="${row} ${column}"]`)?.focus({ preventScroll: true });
  });

  const move = (to: Place) => {
    const found = {
      row: Math.max(-1, Math.min(lines.length - 1, to.row)),
      column: Math.max(0, Math.min(columns - 1, to.column)),
    };
    const element = box.current as HTMLDivElement;
    const head = element.querySelector<HTMLElement>(".head")?.offsetHeight ?? 0;
    if (found.row >= 0) {
      const top = found.row * kRow;
      const room = element.clientHeight - head - kRow;
      if (top < element.scrollTop) element.scrollTop = top;
      else if (top > element.scrollTop + room) element.scrollTop = top - room;
    }
    moves.current = true;
    reach(found);
    look();
    const target = element.querySelector<HTMLElement>(`.head [data-at="-1 ${found.column}"]`)?.parentElement;
    const claim = element.querySelector<HTMLElement>(".head > :first-child")?.offsetWidth ?? 0;
    if (target && found.column > 0) {
      const left = target.offsetLeft - claim;
      const right = target.offsetLeft + target.offsetWidth - element.clientWidth;
      if (left < element.scrollLeft) element.scrollLeft = left;
      else if (right > element.scrollLeft) element.scrollLeft = right;
    }
  };

  const walk = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? kRow) / kRow) - 2);
    const with_control = event.ctrlKey || event.metaKey;
    const to = {
      ArrowDown: { row: row + 1, column },
      ArrowUp: { row: row - 1, column },
      ArrowRight: { row, column: column + 1 },
      ArrowLeft: { row, column: column - 1 },
      PageDown: { row: row + page, column },
      PageUp: { row: Math.max(0, row - page), column },
      Home: { row: with_control ? 0 : row, column: 0 },
      End: { row: with_control ? lines.length - 1 : row, column: columns - 1 },
    }[event.key];
    if (!to || event.altKey) return;
    event.preventDefault();
    move(to);
  };

  const place_of = (event: Event): Place | null => {
    const at = (event.target as HTMLElement).closest<HTMLElement>("[data-at]")?.dataset["at"]?.split(" ").map(Number);
    return at?.length === 2 ? { row: at[0] ?? 0, column: at[1] ?? 0 } : null;
  };
  const note = (event: FocusEvent) => {
    const place = place_of(event);
    if (place && !moves.current) reach(place);
  };

  // A cell opens its check and the last column those of the whole row; the claim is a link of its own.
  const open = (event: MouseEvent | KeyboardEvent) => {
    const place = place_of(event);
    const line = place && lines[place.row];
    if (!line || place.column === 0) return;
    const check = line.cells[shown[place.column - 1] ?? -1]?.check;
    const path = place.column === columns - 1 ? path_of(line) : check && `/checks/${check}`;
    if (!path) return;
    event.preventDefault();
    if (event.ctrlKey || event.metaKey || (event instanceof MouseEvent && event.button === 1)) window.open(path);
    else go(path);
  };

  const apart_of = (line: Line): string => {
    const stable = shown.flatMap((model) => {
      const cell = line.cells[model] ?? null;
      return is_measured(cell) && cell.is_stable !== false ? [cell.p] : [];
    });
    if (stable.length < 2) return "";
    const [low, high] = [Math.min(...stable), Math.max(...stable)];
    return `${Math.round(high * 100) - Math.round(low * 100)}`;
  };

  return (
    <div
      ref={box}
      class={is_wide ? "matrix wide" : "matrix"}
      role="grid"
      aria-label="Claims by models"
      aria-rowcount={lines.length + 1}
      aria-colcount={columns}
      style={{ "--models": shown.length }}
      onScroll={look}
      onKeyDown={(event) => (event.key === "Enter" ? open(event) : walk(event))}
      onClick={open}
      onAuxClick={open}
      onFocusIn={note}
    >
      <div role="rowgroup" class="head-group">
        <div role="row" class="head" aria-rowindex={1}>
          <Head
            name="Claim"
            sort="claim"
            column={0}
            view={view}
            is_reached={row === -1 && column === 0}
            onSort={onSort}
          />
          {shown.map((model, i) => (
            <Head
              key={model}
              name={names[model] ?? ""}
              sort={`model ${models[model]}`}
              column={i + 1}
              view={view}
              is_reached={row === -1 && column === i + 1}
              onSort={onSort}
            />
          ))}
          <Head
            name="Apart"
            sort="apart"
            column={columns - 1}
            view={view}
            is_reached={row === -1 && column === columns - 1}
            onSort={onSort}
          />
        </div>
      </div>
      <div role="rowgroup" class="lines" style={{ height: `${lines.length * kRow}px` }}>
        {drawn.map((place) => {
          const line = lines[place] as Line;
          return (
            <Row
              key={line.number}
              line={line}
              place={place}
              shown={shown}
              names={names}
              apart={apart_of(line)}
              focused={place === row ? column : -1}
            />
          );
        })}
      </div>
    </div>
  );
}

// What the colours and the bar mean.
export function Legend() {
  return (
    <p class="legend small">
      <span class="steps" role="img" aria-label="Colours from orange, certainly false, to blue, certainly true">
        {Array.from({ length: 9 }, (_, step) => (
          <i key={step} class={`lean-${step}`} />
        ))}
      </span>
      <span>false to true</span>
      <span>
        <i class="none" aria-hidden="true" /> no stable belief
      </span>
      <span>
        <i class="bar shown" style={{ "--p": 0.5, "--low": 0.2, "--high": 0.7 }} aria-hidden="true" />
        belief and 95 % interval
      </span>
      <span>✕ gate not passed</span>
    </p>
  );
}
