// The picture of a check: every wording a point over one scale, the interval around the belief, and below the line
// where the model contradicts itself. web/README.md says why it looks like this.
import { useRef } from "preact/hooks";

import {
  camps_of,
  contradictions_of,
  kLikelyFalse,
  kLikelyTrue,
  type Belief,
  type Camps,
  type Contradiction,
  type WordingRow,
} from "../belief";
import { percent } from "../words";
import { across, at, Axis, belief_in_words, BeliefPoint } from "./plots";

const kPointWidth = 0.047; // of the scale: what a point takes of the narrowest screen
const kLevel = 0.95; // rem from one point to the one above it
const kHighest = 11; // rem; a higher pile is pressed together
const kFoot = 0.6; // rem between the line and the lowest points

interface Placed {
  row: WordingRow;
  mean: number;
  level: number; // from 0, above the line
}

// Points that would cover each other are piled up.
function piled(rows: WordingRow[]): Placed[] {
  const sorted = rows
    .flatMap((row) => (row.mean === null ? [] : [{ row, mean: row.mean }]))
    .sort((a, b) => a.mean - b.mean);

  const ends: number[] = []; // the last point of every level
  return sorted.map(({ row, mean }) => {
    const free = ends.findIndex((end) => mean - end >= kPointWidth);
    const level = free < 0 ? ends.length : free;
    ends[level] = mean;
    return { row, mean, level };
  });
}

const wordings = (count: number): string => `${count} ${count === 1 ? "wording" : "wordings"}`;

const says = (count: number, what: string): string =>
  `${count === 0 ? "none" : count} ${count < 2 ? "says" : "say"} ${what}`;

const named = (numbers: number[]): string =>
  `${numbers.length === 1 ? "wording" : "wordings"} ${numbers.join(", ").replace(/, (\d+)$/, " and $1")}`;

const point_text = ({ wording, text, mean }: WordingRow): string =>
  `Wording ${wording + 1}${text ? `, ${text}` : ""}: ${mean === null ? "no usable answer" : percent(mean)}`;

// A rope that hangs from one place on the line to another, in a square of 100 by 100 that is stretched to the picture.
function rope({ from, to, kind }: Contradiction): string {
  const depth = kind === "wordings" ? 125 : 45 + 75 * Math.abs(to - from);
  const [a, b] = [from * 100, to * 100];
  return `M ${a} 0 C ${a} ${depth}, ${b} ${depth}, ${b} 0`;
}

function Ropes({ found }: { found: Contradiction[] }) {
  return (
    <div class="ropes" aria-hidden="true">
      <svg viewBox="0 0 100 100" preserveAspectRatio="none">
        {found.map((one, i) => (
          <path key={i} class={one.kind} d={rope(one)} vector-effect="non-scaling-stroke" />
        ))}
      </svg>
      {found.flatMap((one, i) =>
        [one.from, one.to].map((place, end) => <i key={`${i} ${end}`} class={one.kind} style={at(place)} />),
      )}
    </div>
  );
}

// The same in words.
function contradictions_in_words(found: Contradiction[], camps: Camps): string[] {
  const numbers = (kind: Contradiction["kind"]) => [
    ...new Set(found.flatMap((one) => (one.kind === kind && one.wording !== null ? [one.wording + 1] : []))),
  ];
  const [both_ways, both_sides] = [numbers("replicates"), numbers("sides")];

  const told: string[] = [];
  if (found.some(({ kind }) => kind === "wordings"))
    told.push(
      `The wording decides: ${wordings(camps.say_true)} ${camps.say_true === 1 ? "says" : "say"} true, ${says(camps.say_false, "false")}.`,
    );
  if (both_ways.length > 0)
    told.push(`Asked again in the same words, it says both true and false: ${named(both_ways)}.`);
  if (both_sides.length > 0)
    told.push(`It calls a statement and its negation both likely, or both unlikely: ${named(both_sides)}.`);
  return told;
}

interface StripProps {
  rows: WordingRow[];
  belief: Belief | null;
  label: string; // what the belief is: "Estimate"
  is_final: boolean;
  selected: number | null;
  onSelect: (wording: number) => void;
}

export function Strip({ rows, belief, label, is_final, selected, onSelect }: StripProps) {
  const points = useRef<HTMLDivElement>(null);
  const placed = piled(rows);
  const camps = camps_of(rows);
  const found = contradictions_of(rows);
  const told = contradictions_in_words(found, camps);

  const levels = Math.max(3, ...placed.map(({ level }) => level + 1));
  const pitch = Math.min(kLevel, kHighest / levels);
  const reached = placed.findIndex(({ row }) => row.wording === selected); // -1: none
  const chosen = reached < 0 ? null : placed[reached];

  // One stop of the Tab key for all points; the arrow keys go from one to the next along the scale.
  const walk = (event: KeyboardEvent) => {
    const last = placed.length - 1;
    const from = Math.max(0, reached);
    const to = {
      ArrowRight: Math.min(last, from + 1),
      ArrowLeft: Math.max(0, from - 1),
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    points.current?.querySelectorAll("button")[to]?.focus();
  };

  const contradicting = new Set(found.map(({ wording }) => wording));
  return (
    <figure class="strip" aria-label="Wordings over one scale">
      <div class="camps">
        {placed.length > 0 && (
          <>
            <span>{says(camps.say_false, "false")}</span>
            {camps.undecided > 0 && <span>{camps.undecided} undecided</span>}
            <span>{says(camps.say_true, "true")}</span>
          </>
        )}
      </div>
      <div class="pile" style={{ height: `${kFoot + levels * pitch + 0.35}rem` }}>
        <i class="zone" style={across(0, kLikelyFalse)} />
        <i class="zone" style={across(kLikelyTrue, 1)} />
        <div class="layer" role="img" aria-label={belief_in_words(label, belief)}>
          {belief?.interval && <i class="band" style={across(belief.interval[0], belief.interval[1])} />}
          <i class="middle" />
          {belief && <BeliefPoint p={belief.p} is_stable={belief.is_stable} />}
        </div>
        <div ref={points} role="group" aria-label="Wordings, from false to true" onKeyDown={walk}>
          {placed.map(({ row, mean, level }, i) => (
            <button
              type="button"
              key={row.wording}
              class={contradicting.has(row.wording) ? "dot both" : "dot"}
              style={{ ...at(mean), bottom: `${kFoot + level * pitch}rem` }}
              aria-label={point_text(row)}
              aria-pressed={selected === row.wording}
              tabIndex={i === Math.max(0, reached) ? 0 : -1}
              onClick={() => onSelect(row.wording)}
              onFocus={() => onSelect(row.wording)}
              onPointerEnter={(e) => e.pointerType === "mouse" && onSelect(row.wording)}
            />
          ))}
        </div>
      </div>
      {found.length > 0 && <Ropes found={found} />}
      <Axis />
      <figcaption>
        {told.map((one) => (
          <p key={one} class="advice">
            {one}
          </p>
        ))}
        {told.length === 0 && is_final && placed.length > 1 && (
          <p>No contradiction: {wordings(placed.length)}, and none says the opposite of another.</p>
        )}
        {placed.length > 0 && (
          <p class={chosen ? "pointed" : "pointed quiet no-print"}>
            {chosen ? (
              <>
                <b>{percent(chosen.mean)}</b> {chosen.row.wording + 1} · {chosen.row.text ?? "…"}
              </>
            ) : (
              "Each point is a wording: point at one to read it."
            )}
          </p>
        )}
      </figcaption>
    </figure>
  );
}
