// Pictures of a belief: one scale, a forest of wordings, and a forest that several models share. Each has its numbers as
// text for who cannot see it. Shapes as in every report: a small pale dot is an answer, a circle a wording, a diamond a
// belief, which is hollow where there is no stable one.
import type { ComponentChildren } from "preact";

import type { Belief, WordingRow } from "../belief";
import { percent, range_text } from "../words";

export const at = (p: number) => ({ left: `${p * 100}%` });
export const across = (low: number, high: number) => ({ left: `${low * 100}%`, width: `${(high - low) * 100}%` });

export function Axis() {
  return (
    <div class="axis" aria-hidden="true">
      {[0, 0.25, 0.5, 0.75, 1].map((tick) => (
        <span key={tick} style={at(tick)}>
          {tick === 0 ? "0 % false" : tick === 1 ? "100 % true" : percent(tick)}
        </span>
      ))}
    </div>
  );
}

export function BeliefPoint({ p, is_stable }: { p: number; is_stable?: boolean | null }) {
  return <i class={is_stable === false ? "point hollow" : "point"} style={at(p)} />;
}

export function belief_in_words(label: string, belief: Pick<Belief, "p" | "interval" | "is_stable"> | null): string {
  if (!belief) return `${label}: nothing yet`;
  const { p, interval, is_stable } = belief;
  const range = interval ? `, from ${percent(interval[0])} to ${percent(interval[1])}` : "";
  return `${label}: ${is_stable === false ? "no stable belief, centre " : ""}${percent(p)}${range}`;
}

interface ScaleProps {
  p: number | null;
  interval: [number, number] | null;
  is_stable?: boolean | null;
  label: string;
  faint?: number[]; // behind the point: what it was made of
}

export function Scale({ p, interval, is_stable = null, label, faint = [] }: ScaleProps) {
  return (
    <div
      class="track scale"
      role="img"
      aria-label={belief_in_words(label, p === null ? null : { p, interval, is_stable })}
    >
      <i class="middle" />
      {interval && <i class="band" style={across(interval[0], interval[1])} />}
      {faint.map((one, i) => (
        <i key={i} class="answer" style={at(one)} />
      ))}
      {p !== null && <BeliefPoint p={p} is_stable={is_stable} />}
    </div>
  );
}

// "3 · How likely is it that this is true? …": numbers start at 1 where people see them.
export function WordingName({ wording, text }: Pick<WordingRow, "wording" | "text">) {
  return (
    <>
      <span class="quiet">{text ? `${wording + 1} ·` : wording + 1}</span> {text}
    </>
  );
}

interface ForestProps {
  rows: WordingRow[];
  selected: number | null;
  onSelect: (wording: number) => void;
  belief: Belief | null;
}

const row_text = ({ wording, text, answers, mean }: WordingRow) => {
  const refused = answers.filter((a) => a === null).length;
  const name = `Wording ${wording + 1}${text ? `, ${text}` : ""}`;
  if (answers.length === 0) return `${name}: no answer yet`;
  return `${name}: ${mean === null ? "no usable answer" : percent(mean)}${refused ? `, ${refused} refused` : ""}`;
};

export function Forest({ rows, selected, onSelect, belief }: ForestProps) {
  const interval = belief?.interval ?? null;
  const ground = interval && <i class="ground" style={across(interval[0], interval[1])} />;
  return (
    <div class="forest">
      <div class="wording head" aria-hidden="true">
        <span class="name" />
        <Axis />
        <span class="value" />
      </div>
      {rows.map((row) => (
        <button
          type="button"
          key={row.wording}
          class="wording"
          aria-label={row_text(row)}
          aria-pressed={selected === row.wording}
          onClick={() => onSelect(row.wording)}
          onFocus={() => onSelect(row.wording)}
          onPointerEnter={(e) => e.pointerType === "mouse" && onSelect(row.wording)}
        >
          <span class="name">
            <WordingName wording={row.wording} text={row.text} />
          </span>
          <span class="track">
            {ground}
            {row.answers.map((answer, i) => answer !== null && <i key={i} class="answer" style={at(answer)} />)}
            {row.mean !== null && <i class="mean" style={at(row.mean)} />}
          </span>
          <span class="value">
            {row.mean !== null ? percent(row.mean) : row.answers.length ? "" : "…"}
            {row.answers.includes(null) && <em> refused</em>}
          </span>
        </button>
      ))}
      <div class="wording total">
        <span class="name">All wordings</span>
        <Scale p={belief?.p ?? null} interval={interval} is_stable={belief?.is_stable ?? null} label="All wordings" />
        <span class="value">{belief ? percent(belief.p) : "…"}</span>
      </div>
    </div>
  );
}

// Models in one picture are told apart by the shapes of their marks; for more than these there is no picture.
export const kMostMarks = 4;

export function Mark({ of, p }: { of: number; p?: number }) {
  return <i class={`mark mark-${of}`} style={p === undefined ? undefined : at(p)} />;
}

// What several models said to one wording, joined by a line: the longer it is, the further they are apart.
export function Marks({ values, label }: { values: (number | null)[]; label: string }) {
  const known = values.filter((value) => value !== null);
  return (
    <div class="track scale" role="img" aria-label={label}>
      <i class="middle" />
      {known.length > 1 && <i class="join" style={across(Math.min(...known), Math.max(...known))} />}
      {values.map((value, i) => value !== null && <Mark key={i} of={i} p={value} />)}
    </div>
  );
}

export interface SharedRow {
  name: ComponentChildren;
  picture: ComponentChildren; // over the axis of the table's head
  cells: ComponentChildren[];
}

// One forest plot for several models: a table whose rows share one axis. Its roles are named because narrow screens
// lay it out as a list, which would otherwise take them away.
export function SharedForest({
  caption,
  columns,
  rows,
}: {
  caption: string;
  columns: [name: string, ...cells: string[]];
  rows: SharedRow[];
}) {
  const [name, ...cells] = columns;
  return (
    <table class="shared-forest" role="table">
      <caption class="hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">
            {name}
          </th>
          <th scope="col" role="columnheader" class="picture">
            <span class="hidden">Picture</span>
            <Axis />
          </th>
          {cells.map((cell) => (
            <th key={cell} scope="col" role="columnheader">
              {cell}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row, i) => (
          <tr key={i} role="row">
            <th scope="row" role="rowheader">
              {row.name}
            </th>
            <td role="cell" class="picture">
              {row.picture}
            </td>
            {row.cells.map((cell, k) => (
              <td key={k} role="cell">
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export const belief_cell = (
  belief: Belief | null,
  otherwise: string,
  p = belief ? percent(belief.p) : "",
): ComponentChildren =>
  belief ? (
    <>
      {p}
      {belief.interval && <small> {range_text(belief.interval)}</small>}
      {belief.is_stable === false && <small class="below">no stable belief</small>}
    </>
  ) : (
    otherwise
  );
