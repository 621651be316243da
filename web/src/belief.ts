// What people are shown of a check: belief_v2 of its record (docs/estimator.md). Pure.
import type { CheckRecord } from "./api";

export interface Belief {
  p: number;
  interval: [number, number] | null;
  is_stable: boolean | null; // null: not known, as of a single wording or of a check under way
  verdict: string | null;
}

export function belief_of(record: CheckRecord): Belief {
  const { belief_v2: belief, honest } = record;
  if (!belief) return { p: honest.p, interval: honest.ci ?? null, is_stable: null, verdict: record.verdict };
  return {
    p: belief.p,
    interval: (belief.ci as [number, number] | undefined) ?? null,
    is_stable: belief.stable,
    verdict: belief.verdict,
  };
}

// A written number is read at its own resolution: a written 1 says "at least 0.995". The record keeps numbers and not
// their text, so trailing zeros are not seen here.
const written_cell = (p: number): number => (Math.abs(p * 100 - Math.round(p * 100)) < 1e-9 ? 0.005 : 0.001);

// The value of a wording: the mean of its written answers in log-odds. Null without an answer.
export function mean_of_written(answers: number[]): number | null {
  if (answers.length === 0) return null;

  const log_odds = answers.map((p) => {
    const cell = written_cell(p);
    const read = Math.min(1 - cell, Math.max(cell, p));
    return Math.log(read / (1 - read));
  });

  const mean = log_odds.reduce((sum, one) => sum + one, 0) / log_odds.length;
  return 1 / (1 + Math.exp(-mean));
}

// The values of the wordings in the order of the record. Nobody rounded the numbers of other readouts.
export const wording_means = (record: CheckRecord): (number | null)[] =>
  record.templates.map((t) => (record.readout ? t.mean_p : mean_of_written(t.prob_true)));

// A wording says true from 0.60 on and false up to 0.40, as docs/estimator.md has it.
export const kLikelyTrue = 0.6;
export const kLikelyFalse = 0.4;

// A value is made of logarithms, so that of a wording that answered 0.60 may lie below it in its last digits.
const kTolerance = 1e-9;
const says_true = (mean: number): boolean => mean >= kLikelyTrue - kTolerance;
const says_false = (mean: number): boolean => mean <= kLikelyFalse + kTolerance;

// What a wording came to.
export interface WordingRow {
  wording: number; // its place in the bank, from 0
  text: string | null; // with "…" where the claim stands; null: not known yet
  answers: (number | null)[]; // null: refused
  mean: number | null;
  sides: Sides[]; // of a decision, as far as both were asked
}

// What a model stated of a claim and of its negation, one wording of both.
export interface Sides {
  claim: number;
  negation: number;
  contradict: boolean;
}

export interface Camps {
  say_true: number;
  say_false: number;
  undecided: number;
}

export function camps_of(rows: WordingRow[]): Camps {
  const means = rows.flatMap(({ mean }) => (mean === null ? [] : [mean]));
  const say_true = means.filter(says_true).length;
  const say_false = means.filter(says_false).length;
  return { say_true, say_false, undecided: means.length - say_true - say_false };
}

// Where the model says one thing and its opposite: `from` and `to` are the two places on the scale.
export interface Contradiction {
  kind: "wordings" | "replicates" | "sides";
  from: number;
  to: number;
  wording: number | null; // null: between several
}

const mean_of = (values: number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

function within(row: WordingRow): Contradiction[] {
  const { wording, sides } = row;
  const found: Contradiction[] = sides
    .filter(({ contradict }) => contradict)
    .map(({ claim, negation }) => ({ kind: "sides", from: claim, to: 1 - negation, wording }));

  const answers = row.answers.filter((answer) => answer !== null);
  const [low, high] = [Math.min(...answers), Math.max(...answers)];
  if (low <= kLikelyFalse && high >= kLikelyTrue) found.push({ kind: "replicates", from: low, to: high, wording });
  return found;
}

// First the wordings against each other, from the middle of one camp to the middle of the other; then each wording
// against itself: its replicates, or the two sides of a decision.
export function contradictions_of(rows: WordingRow[]): Contradiction[] {
  const means = rows.flatMap(({ mean }) => (mean === null ? [] : [mean]));
  const say_false = means.filter(says_false);
  const say_true = means.filter(says_true);

  const between: Contradiction[] =
    say_false.length > 0 && say_true.length > 0
      ? [{ kind: "wordings", from: mean_of(say_false), to: mean_of(say_true), wording: null }]
      : [];
  return [...between, ...rows.flatMap(within)];
}
