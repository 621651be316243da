// A check as it is measured: its state, and every answer as it arrives.
import { useEffect, useState } from "preact/hooks";

import { get, Problem, type Progress, type StoredCheck } from "./api";

export interface Arrived {
  answered: number;
  questions: number;
  refused: number;
  retries: number;
  billed_micro_usd: number;
  estimate: Progress["estimate"];
  by_wording: Map<number, (number | null)[]>; // null: refused
  texts: Map<number, string>; // of the wordings, as far as they are known
  began: number; // ms, when the first progress was seen
  answered_at_first: number;
}

export interface Live {
  check: StoredCheck | null;
  arrived: Arrived | null;
  problem: Problem | null;
  is_connected: boolean;
}

const has_ended = (state: string) => state !== "queued" && state !== "running";
const kAgain = 2000; // ms
const kMostStreams = 4; // a browser has six connections to a host, and other requests need some
let open_streams = 0;

function added(before: Arrived | null, progress: Progress): Arrived {
  const by_wording = new Map(before?.by_wording);
  const texts = new Map(before?.texts);
  for (const { paraphrase_idx, wording, prob_true } of progress.answers) {
    by_wording.set(paraphrase_idx, [...(by_wording.get(paraphrase_idx) ?? []), prob_true]);
    if (wording) texts.set(paraphrase_idx, wording);
  }
  // A readout may send several questions for an answer; they are counted until the answers are made of them.
  const counted = Math.max(progress.questions, before?.questions ?? 0) > progress.questions ? before : null;
  return {
    ...progress,
    questions: counted?.questions ?? progress.questions,
    answered: counted?.answered ?? progress.answered,
    by_wording,
    texts,
    began: before?.began ?? performance.now(),
    answered_at_first: before?.answered_at_first ?? progress.answered,
  };
}

// `path`: of the check, or of a shared one, which has ended. Events are numbered by the database: the browser goes on
// by itself behind the last one, at any process, before and after a restart.
export function useCheck(path: string): Live {
  const [live, set] = useState<Live>({ check: null, arrived: null, problem: null, is_connected: true });
  useEffect(() => {
    let stream: EventSource | null = null;
    let timer = 0;
    let is_over = false;
    const again = () => {
      timer = window.setTimeout(load, kAgain);
    };
    const leave = () => {
      if (!stream) return;
      stream.close();
      stream = null;
      open_streams -= 1;
    };
    const watch = () => {
      if (open_streams >= kMostStreams) return again();
      open_streams += 1;
      stream = new EventSource(`${path}/events`);
      stream.onopen = () => set((now) => ({ ...now, is_connected: true }));
      stream.addEventListener("progress", (event) =>
        set((now) => ({ ...now, arrived: added(now.arrived, JSON.parse(event.data as string) as Progress) })),
      );
      stream.addEventListener("resync", () => set((now) => ({ ...now, arrived: null })));
      stream.addEventListener("state", (event) => {
        const { state } = JSON.parse(event.data as string) as Pick<StoredCheck, "state">;
        if (has_ended(state)) {
          leave();
          void load();
        } else set((now) => ({ ...now, check: now.check && { ...now.check, state } }));
      });
      stream.onerror = () => {
        set((now) => ({ ...now, is_connected: false }));
        if (stream?.readyState !== EventSource.CLOSED) return;
        leave();
        again();
      };
    };
    const load = async () => {
      try {
        const check = await get<StoredCheck>(path);
        if (is_over) return;
        const ended = has_ended(check.state);
        set((now) => ({ check, problem: null, arrived: ended ? now.arrived : null, is_connected: true }));
        if (!ended) watch();
      } catch (error) {
        if (is_over) return;
        const problem = error as Problem;
        const is_away = problem.status === 0 || problem.status === 503;
        set((now) => ({ ...now, problem: is_away && now.check ? null : problem, is_connected: !is_away }));
        if (is_away) again();
      }
    };
    void load();
    return () => {
      is_over = true;
      leave();
      clearTimeout(timer);
    };
  }, [path]);
  return live;
}
