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
