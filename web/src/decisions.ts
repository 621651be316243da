// What a decision says at a reader's threshold. Pure.
import type { Decision } from "./api";

// On the scale from 0 to 1, whatever was asked.
export interface Reading {
  subject: string; // what the probability is of
  p: number;
  interval: [number, number] | null;
  levels: number | null; // of a score: the highest one, which is 1 on the scale
}

const one_of = (ends: number | Record<string, unknown> | undefined, key?: string): number | null => {
  if (typeof ends === "number") return ends;
  const end = key === undefined ? undefined : ends?.[key];
  return typeof end === "number" ? end : null;
};

// Of a noul its yes, of a choice the option that it chose, of a score where it stands between its lowest and its highest
// level.
export function reading_of({ answer }: Decision): Reading {
  if (answer.type === "noul") {
    const [low, high] = [one_of(answer.x_low), one_of(answer.x_high)];
    return {
      subject: "yes",
      p: answer.noul ?? 0,
      interval: low === null || high === null ? null : [low, high],
      levels: null,
    };
  }
  if (answer.type === "choice") {
    const chosen = answer.choice ?? "";
    const [low, high] = [one_of(answer.x_low, chosen), one_of(answer.x_high, chosen)];
    const interval: [number, number] | null = low === null || high === null ? null : [low, high];
    return { subject: chosen, p: answer.probabilities?.[chosen] ?? 0, interval, levels: null };
  }
  const levels = Math.max(1, Object.keys(answer.probabilities ?? {}).length - 1);
  const [low, high] = [one_of(answer.x_low), one_of(answer.x_high)];
  return {
    subject: "score",
    p: (answer.score ?? 0) / levels,
    interval: low === null || high === null ? null : [low / levels, high / levels],
    levels,
  };
}

export type Verdict = "above" | "below" | "changes";

// A decision would change where the interval holds values on both sides of the threshold: asked in other words, the same
// model could say the other thing. A value at the threshold is above it.
export function verdict_at({ p, interval }: Pick<Reading, "p" | "interval">, threshold: number): Verdict {
  if (interval && interval[0] < threshold && interval[1] >= threshold) return "changes";
  return p >= threshold ? "above" : "below";
}
