// Numbers and intervals as people read them. Pure.
import type { Check, Readout } from "./api";

// Close to the ends a whole number of percent would hide too much.
const decimals_of = (p: number): number => ((p > 0 && p < 0.01) || (p > 0.99 && p < 1) ? 1 : 0);

export const percent = (p: number): string => {
  const hundred = p * 100;
  if (hundred > 0 && hundred < 0.05) return "<0.1 %";
  if (hundred > 99.95 && hundred < 100) return ">99.9 %";
  return `${hundred.toFixed(decimals_of(p))} %`;
};

export const points = (difference: number, decimals = 0): string => {
  const value = Number((difference * 100).toFixed(decimals));
  return `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(decimals)} points`;
};

// Two probabilities and their difference as they stand together: rounded first, then subtracted, so that a reader who
// subtracts gets what is printed. All three have the decimals of the one that needs most.
export interface Printed {
  a: string;
  b: string;
  difference: number; // of the printed ones, in probability
  decimals: number; // of a percentage
}

export function printed_pair(a: number, b: number): Printed {
  const decimals = Math.max(decimals_of(a), decimals_of(b));
  const [of_a, of_b] = [(a * 100).toFixed(decimals), (b * 100).toFixed(decimals)];
  return { a: `${of_a} %`, b: `${of_b} %`, difference: (Number(of_a) - Number(of_b)) / 100, decimals };
}

// A script may play a model (docs/scripted.md): then its name says so wherever it stands.
export const shown_model = ({ model, mock }: Pick<Check, "model" | "mock">): string =>
  mock ? `${model} (mock)` : model;

// A decision model's check costs about $0.0001: smaller amounts get more decimals, so that none looks like nothing.
export const dollars = (micros: number): string => {
  if (micros === 0) return "free";
  const decimals = micros < 1_000 ? 6 : micros < 10_000 ? 4 : 2;
  return `$${(micros / 1e6).toFixed(decimals)}`;
};

export const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

export const moment = (time: string): string =>
  new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

export const range_text = ([low, high]: [number, number]): string => `${percent(low)} to ${percent(high)}`;

// "12 Nov 2026", or "12 Nov 2026 to 30 Nov 2026".
export function days(first: string, last: string): string {
  const [from, to] = [first, last].map((time) => new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" }));
  return from === to ? `${from}` : `${from} to ${to}`;
}

export function leaning(p: number): string {
  if (p <= 0.05) return "almost certain that it is false";
  if (p < 0.3) return "clearly leaning towards false";
  if (p < 0.45) return "leaning slightly towards false";
  if (p <= 0.55) return "undecided";
  if (p <= 0.7) return "leaning slightly towards true";
  if (p < 0.95) return "clearly leaning towards true";
  return "almost certain that it is true";
}

export function interval_in_words([low, high]: [number, number]): string {
  const width = high - low;
  const across = low < 0.5 && high > 0.5 ? " It includes 50 %, so either side is possible." : "";
  const how = width <= 0.1 ? "narrow" : width <= 0.3 ? "moderate" : "wide";
  return `With other neutral wordings it would lie between ${percent(low)} and ${percent(high)} (95 %), a ${how} range.${across}`;
}

// The text of a wording for a label: "How likely is it that this is true? …".
export const wording_label = (text: string): string => text.replace(/<claim>\s*\{CLAIM\}\s*<\/claim>/g, "…");

export const log_odds = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

export const readout_in_words: Record<Readout, [name: string, meaning: string]> = {
  verbalized: ["Written", "the probability that it writes down"],
  expected: ["Expected", "the mean of all numbers that it might write"],
  token: ["Next word", "how likely True is against False as its next word"],
  frequency: ["Frequency", "how often it says True"],
  decision: ["Stated", "what it states about each statement and about its negation"],
};

export const state_in_words: Record<Check["state"], string> = {
  queued: "waiting",
  running: "being measured",
  done: "measured",
  failed: "failed",
  cancelled: "cancelled",
};

// What to do about a gate that is not passed. The advice in the record is for people at a command line.
const kGateAdvice: Record<string, string> = {
  compliance:
    "look at the answers that were refused; another model, or another way of reading, may follow the question",
  stability: "look at the wordings that stand apart, and whether the claim can be read in several ways",
  precision: "ask more wordings rather than each more often",
  labels: "look at these answers; another model, or another way of reading, may understand the scale",
  mass: "read the belief in another way, or ask a model that follows the question",
};

export const gate_advice = (name: string): string | undefined => kGateAdvice[name];
