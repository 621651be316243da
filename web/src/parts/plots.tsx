// Pictures of a belief: one scale, and a forest of wordings. Each has its numbers as text for who cannot see it.
import { percent } from "../words";

const at = (p: number) => ({ left: `${p * 100}%` });
const across = (low: number, high: number) => ({ left: `${low * 100}%`, width: `${(high - low) * 100}%` });

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

interface ScaleProps {
  p: number | null;
  interval: [number, number] | null;
  is_stable?: boolean | null;
  label: string;
}

// Where there is no stable belief the point is hollow.
export function Scale({ p, interval, is_stable, label }: ScaleProps) {
  const is_hollow = is_stable === false;
  const range = interval ? `, from ${percent(interval[0])} to ${percent(interval[1])}` : "";
  const text =
    p === null
      ? `${label}: nothing yet`
      : `${label}: ${is_hollow ? "no stable belief, centre " : ""}${percent(p)}${range}`;
  return (
    <div class="track scale" role="img" aria-label={text}>
      <i class="middle" />
      {interval && <i class="band" style={across(interval[0], interval[1])} />}
      {p !== null && <i class={is_hollow ? "point hollow" : "point"} style={at(p)} />}
    </div>
  );
}

export interface WordingRow {
  wording: number; // its place in the bank, from 0
  answers: (number | null)[]; // null: refused
  mean: number | null;
}

interface ForestProps {
  rows: WordingRow[];
  selected: number | null;
  onSelect: (wording: number) => void;
  p: number | null;
  interval: [number, number] | null;
  is_stable: boolean | null;
}

const row_text = ({ wording, answers, mean }: WordingRow) => {
  const refused = answers.filter((a) => a === null).length;
  const name = `Wording ${wording + 1}`;
  if (answers.length === 0) return `${name}: no answer yet`;
  return `${name}: ${mean === null ? "no usable answer" : percent(mean)}${refused ? `, ${refused} refused` : ""}`;
};

export function Forest({ rows, selected, onSelect, p, interval, is_stable }: ForestProps) {
  return (
    <div class="forest">
      <Axis />
      <div class="rows">
        {interval && (
          <div class="ground" aria-hidden="true">
            <i style={across(interval[0], interval[1])} />
          </div>
        )}
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
            <span class="name">{row.wording + 1}</span>
            <span class="track">
              {row.answers.map((answer, i) => answer !== null && <i key={i} class="answer" style={at(answer)} />)}
              {row.mean !== null && <i class="point" style={at(row.mean)} />}
            </span>
            <span class="value">
              {row.mean !== null ? percent(row.mean) : row.answers.length ? "" : "…"}
              {row.answers.includes(null) && <em> refused</em>}
            </span>
          </button>
        ))}
        <div class="wording total">
          <span class="name">All</span>
          <Scale p={p} interval={interval} is_stable={is_stable} label="All wordings" />
          <span class="value">{p === null ? "…" : percent(p)}</span>
        </div>
      </div>
    </div>
  );
}
