// Keep: every check of one's own, searched by the service, drawn only where it is seen.
import { useEffect, useRef, useState } from "preact/hooks";

import { get, remove, type Check, type CheckPage, type Start } from "../api";
import { Confirm, ProblemNote } from "../parts/common";
import { Scale } from "../parts/plots";
import { go, useTitle } from "../route";
import { moment, percent, shown_model, state_in_words } from "../words";

const kRow = 76; // px, as .entry in style.css
const kBeyond = 6; // rows drawn above and below what is seen
const kAtOnce = 100;

interface Wanted {
  search: string;
  model: string;
  state: string;
}

function useHistory(wanted: Wanted) {
  const [checks, set] = useState<Check[]>([]);
  const [next, follow] = useState<string | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const [is_loaded, loaded] = useState(false);
  const loading = useRef<AbortController | null>(null);
  const load = async (before: string | null) => {
    loading.current?.abort();
    const mine = (loading.current = new AbortController());
    const query = new URLSearchParams({ limit: String(kAtOnce) });
    for (const name of ["search", "model", "state"] as const) if (wanted[name]) query.set(name, wanted[name]);
    if (before) query.set("before", before);
    try {
      const page = await get<CheckPage>(`/api/checks?${query}`, mine.signal);
      set((now) => (before ? [...now, ...page.checks] : page.checks));
      follow(page.next);
      tell(null);
      loaded(true);
    } catch (error) {
      if (!mine.signal.aborted) tell(error as Error);
    } finally {
      if (loading.current === mine) loading.current = null;
    }
  };
  useEffect(() => {
    void load(null);
    return () => loading.current?.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `load` is another at every drawing; what is wanted decides
  }, [wanted.search, wanted.model, wanted.state]);
  const more = () => {
    if (next && !loading.current) void load(next);
  };
  const forget = (id: string) => set((now) => now.filter((check) => check.id !== id));
  return { checks, has_more: next !== null, problem, more, forget, is_loaded };
}

// First and last row that the window shows.
function useSeen(list: { current: HTMLElement | null }, count: number): [number, number] {
  const [seen, set] = useState<[number, number]>([0, 20]);
  useEffect(() => {
    const look = () => {
      const top = -(list.current?.getBoundingClientRect().top ?? 0);
      const first = Math.max(0, Math.floor(top / kRow) - kBeyond);
      const last = Math.ceil((top + innerHeight) / kRow) + kBeyond;
      set((now) => (now[0] === first && now[1] === last ? now : [first, last]));
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [list, count]);
  return seen;
}

interface EntryProps {
  check: Check;
  place: number;
  is_chosen: boolean;
  onChoose: () => void;
  onDelete: () => void;
}

function Entry({ check, place, is_chosen, onChoose, onDelete }: EntryProps) {
  const { result } = check;
  return (
    <li class="entry" style={{ transform: `translateY(${place * kRow}px)` }} aria-posinset={place + 1}>
      <input
        type="checkbox"
        checked={is_chosen}
        disabled={check.state !== "done"}
        onChange={onChoose}
        aria-label={`Compare: ${check.claim}`}
      />
      <a href={`/checks/${check.id}`}>
        <b>{check.claim}</b>
        <small>
          {shown_model(check)} · {moment(check.created_at)} · {state_in_words[check.state]}
        </small>
      </a>
      <span class="value">
        {result && percent(result.p)}
        {result?.stable === false && <small>unstable</small>}
      </span>
      <span class="picture">
        {result && (
          <Scale
            p={result.p}
            interval={(result.ci95 as [number, number] | null) ?? null}
            is_stable={result.stable}
            label="Belief"
          />
        )}
      </span>
      <span class="row">
        <a
          class="button plain"
          href={`/?${new URLSearchParams({ claim: check.claim, model: check.model, fresh: "1" })}`}
          aria-label={`Measure again: ${check.claim}`}
        >
          Again
        </a>
        <button
          type="button"
          class="plain"
          onClick={onDelete}
          disabled={check.state === "queued" || check.state === "running"}
          aria-label={`Delete: ${check.claim}`}
        >
          Delete
        </button>
      </span>
    </li>
  );
}

export function HistoryPage({ start }: { start: Start }) {
  useTitle("History");
  const [wanted, want] = useState<Wanted>({ search: "", model: "", state: "" });
  const [chosen, choose] = useState<string[]>([]);
  const [doomed, doom] = useState<Check | null>(null);
  const [failed, fail] = useState<Error | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const { checks, has_more, problem, more, forget, is_loaded } = useHistory(wanted);
  const [first, last] = useSeen(list, checks.length);
  useEffect(() => {
    if (last >= checks.length) more();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `more` is another at every drawing; the rows decide
  }, [last, checks.length, has_more]);
  const toggle = (id: string) =>
    choose((now) => (now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-2)));
  const really_delete = async () => {
    const { id } = doomed as Check;
    doom(null);
    try {
      await remove(`/api/checks/${id}`);
      forget(id);
      choose((now) => now.filter((one) => one !== id));
    } catch (error) {
      fail(error as Error);
    }
  };
  const is_filtered = wanted.search !== "" || wanted.model !== "" || wanted.state !== "";
  return (
    <>
      <h1>History</h1>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <label>
          <span>Search in claims</span>
          <input
            type="search"
            value={wanted.search}
            onInput={(e) => want({ ...wanted, search: e.currentTarget.value })}
          />
        </label>
        <label>
          <span>Model</span>
          <select value={wanted.model} onChange={(e) => want({ ...wanted, model: e.currentTarget.value })}>
            <option value="">all</option>
            {start.models.map((m) => (
              <option key={m.name} value={m.model}>
                {m.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>State</span>
          <select value={wanted.state} onChange={(e) => want({ ...wanted, state: e.currentTarget.value })}>
            <option value="">all</option>
            {Object.entries(state_in_words).map(([state, word]) => (
              <option key={state} value={state}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={chosen.length !== 2}
          onClick={() => go(`/compare?a=${chosen[0]}&b=${chosen[1]}`)}
        >
          Compare two
        </button>
      </form>
      <ProblemNote problem={problem ?? failed} />
      {is_loaded && checks.length === 0 && (
        <p class="quiet">
          {is_filtered ? (
            "No check matches."
          ) : (
            <>
              Nothing has been measured yet. <a href="/">Ask about a claim</a>.
            </>
          )}
        </p>
      )}
      <ol ref={list} class="entries" style={{ height: `${checks.length * kRow}px` }}>
        {checks.slice(first, last).map((check, i) => (
          <Entry
            key={check.id}
            check={check}
            place={first + i}
            is_chosen={chosen.includes(check.id)}
            onChoose={() => toggle(check.id)}
            onDelete={() => doom(check)}
          />
        ))}
      </ol>
      <p class="quiet" role="status">
        {checks.length > 0 &&
          (has_more
            ? `${checks.length} shown, more below`
            : `${checks.length} ${checks.length === 1 ? "check" : "checks"}`)}
      </p>
      {doomed && (
        <Confirm title="Delete this check?" action="Delete" onYes={really_delete} onNo={() => doom(null)}>
          <p>
            “{doomed.claim}” by {shown_model(doomed)}. It cannot be restored, and it still counts as used.
          </p>
        </Confirm>
      )}
    </>
  );
}
