// Calls of the service's interface. Types come from api/openapi.yaml (schema.d.ts, made by the build).
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Check = Schemas["Check"];
export type StoredCheck = Omit<Schemas["CheckWithRecord"], "record"> & { record: CheckRecord | null };
export type Wish = Schemas["Wish"];
export type Usage = Schemas["Usage"];
export type Model = Schemas["Model"];
export type Session = Schemas["Session"];
export type Answers = Schemas["Answers"];
export type Readout = Schemas["Readout"];
export type BeliefV2 = Schemas["BeliefV2"];
export type Comparison = Schemas["Comparison"];
export type History = Schemas["History"];
export type Repeat = Schemas["Repeat"];
export type Start = paths["/api/start"]["get"]["responses"]["200"]["content"]["application/json"];
export type Quote = paths["/api/quotes"]["post"]["responses"]["200"]["content"]["application/json"];
export type Billing = paths["/api/billing"]["get"]["responses"]["200"]["content"]["application/json"];
export type Overview = paths["/api/admin/overview"]["get"]["responses"]["200"]["content"]["application/json"];
export type ClaimChecks = Schemas["ClaimChecks"];
export type ClaimPage = paths["/api/claims"]["get"]["responses"]["200"]["content"]["application/json"];
export type ServedSet = Schemas["Set"];
export type SetQuote = Schemas["SetQuote"];
export type SetRows = Schemas["SetRows"];
export type SetWish = Schemas["SetWish"];
export type SetPage = paths["/api/sets"]["get"]["responses"]["200"]["content"]["application/json"];
export type Decision = Schemas["Decision"];
export type DecisionPage = paths["/api/decisions"]["get"]["responses"]["200"]["content"]["application/json"];
export type CheckPage = paths["/api/checks"]["get"]["responses"]["200"]["content"]["application/json"];

export interface Gate {
  name: string;
  meaning: string;
  advice: string;
  bound: "at_least" | "at_most";
  limit: number;
  observed: number | null;
  passed: boolean;
}
export interface TemplateResult {
  paraphrase_idx: number;
  prompt_sha256: string;
  prob_true: number[];
  mean_p: number | null;
  answered: number;
  usable: number;
  slots: number;
}
// What a decision was made of (docs/decisions.md).
export interface DecisionFacts {
  kind: "decision";
  answers: number;
  step: number;
  claim?: number;
  negation?: number; // absent where it was not asked
  sum_mean?: number;
  yes_bias?: { log_odds: number; low?: number; high?: number };
  contradicting?: number;
  contradicting_share?: number;
}
export interface Labels {
  judged: number;
  contradicting: number;
  wordings: { paraphrase_idx: number; judged: number; contradicting: number }[];
}
// The part of docs/record.md that the page shows.
export interface CheckRecord {
  verdict: string;
  pqs: number;
  answered: number;
  usable: number;
  rpl_compliance_rate: number;
  gates: Gate[];
  labels?: Labels;
  readout?: DecisionFacts | { kind: "token" | "frequency" | "expected" };
  templates: TemplateResult[];
  estimate: { prob_true_rpl: number; ci: [number, number] | null; stability_score: number; stability_band: string };
  belief_v2?: BeliefV2; // absent only in what a build before it has sent
  honest: { p: number; ci?: [number, number]; status: string };
  execution: { execution_id: string; billed_micro_usd: number; attempts: number; provider: string };
  config: { K: number; R: number; T: number; prompt_version: string };
  answers_sha256: string;
}
// The part of docs/atlas.md that the page of a set shows. Models are named by their place in `models`.
export interface Summary {
  models: { name: string; checks: number; beliefs: number; unstable: number; none: number; gate_failed: number }[];
  truth: {
    model: number;
    labelled: number;
    judged: number;
    right: number;
    wrong: number;
    undecided: number;
    unstable: number;
    none: number;
    base_rate: number;
    scores: {
      brier: number;
      miscalibration: number;
      discrimination: number;
      uncertainty: number;
      log_score: number;
    } | null;
    curve: { low: number; high: number; rate: number; count: number }[];
    band_95: { p: number; low: number; high: number }[];
    histogram: { from: number; to: number; claims: number; true: number }[];
  }[];
  score_differences: {
    a: number;
    b: number;
    claims: number;
    brier: Compared & { p_value: number | null; adjusted: number | null };
    right: Compared;
  }[];
  agreement: {
    a: number;
    b: number;
    claims: number;
    distance: number;
    ci_95: [number, number] | null;
    same_side: number;
  }[];
  components: { source: string; variance: number; share: number }[];
  wordings: { wording: string; claims: number; checks: number; pull: number; ci_95: [number, number] | null }[];
}
interface Compared {
  a: number;
  b: number;
  difference: number;
  ci_95: [number, number] | null;
}
export interface Progress {
  answered: number;
  questions: number;
  refused: number;
  retries: number;
  billed_micro_usd: number;
  estimate: { p: number; ci95: [number, number] | null } | null;
  answers: {
    paraphrase_idx: number;
    wording?: string; // as the prompt bank has it; absent in what a build before it has sent
    replicate_idx: number;
    question: number;
    prob_true: number | null;
  }[];
}

// What the service refused, in its own words (RFC 9457).
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly reason?: "require_signin" | "require_subscription" | "limit_reached",
  ) {
    super(detail);
  }
}

export const is_not_found = (problem: Error | null): boolean => problem instanceof Problem && problem.status === 404;

interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

export async function call<T>(method: string, path: string, { body, headers, signal }: CallOptions = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: body === undefined ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(
      0,
      "The service cannot be reached. Checks that have started continue there; this page keeps trying.",
    );
  }
  const is_json = response.headers.get("Content-Type")?.includes("json") ?? false;
  const told: unknown = is_json ? await response.json() : null;
  if (!response.ok) {
    const refusal = told as { detail?: string; reason?: Problem["reason"] } | null;
    throw new Problem(response.status, refusal?.detail ?? response.statusText, refusal?.reason);
  }
  return told as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>("GET", path, { signal });
export const post = <T>(path: string, body: unknown = {}, headers?: Record<string, string>) =>
  call<T>("POST", path, { body, headers });
export const remove = (path: string, body?: unknown) => call<null>("DELETE", path, { body });
