// Keep: every check of one's own, by claim, searched by the service, drawn only where it is seen.
import { useEffect, useRef, useState } from "preact/hooks";

import { get, remove, type Check, type CheckPage, type ClaimChecks, type ClaimPage, type Start } from "../api";
import { Choice } from "../parts/choices";
import { Confirm, ProblemNote } from "../parts/common";
import { across, belief_in_words, BeliefPoint, Scale } from "../parts/plots";
import { again_address, go, useTitle } from "../route";
import { days, moment, percent, range_text, shown_model, state_in_words } from "../words";

const kRow = 76; // px, as .entry in style.css
const kBeyond = 6; // rows drawn above and below what is seen
const kAtOnce = 100;

// What the address says.
interface Wanted {
  search: string;
  model: string;
  state: string;
  sort: string;
}
const kWantedNames = ["search", "model", "state", "sort"] as const;

const wanted_at = ({ searchParams }: URL): Wanted => ({
  search: searchParams.get("search") ?? "",
  model: searchParams.get("model") ?? "",
  state: searchParams.get("state") ?? "",
  sort: searchParams.get("sort") ?? "",
});

function query_of(wanted: Partial<Wanted>, more: Record<string, string> = {}): string {
  const query = new URLSearchParams();
  for (const name of kWantedNames) if (wanted[name]) query.set(name, wanted[name]);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return query.toString();
}

function useClaims(wanted: Wanted) {
  const [claims, set] = useState<ClaimChecks[]>([]);
  const [next, follow] = useState<string | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const [is_loaded, loaded] = useState(false);
  const loading = useRef<AbortController | null>(null);

  // From the beginning until there are as many as wanted, or a page behind `before`.
  const load = async (before: string | null, at_least = 1) => {
    loading.current?.abort();
    const mine = (loading.current = new AbortController());
    try {
      let found: ClaimChecks[] = [];
      let place = before;
      do {
        const more = { limit: String(kAtOnce), ...(place ? { before: place } : {}) };
        const page = await get<ClaimPage>(`/api/claims?${query_of(wanted, more)}`, mine.signal);
        found = [...found, ...page.claims];
        place = page.next;
      } while (place && found.length < at_least);

      // A claim that was measured again meanwhile stands at its new place once.
      const fresh = new Set(found.map((one) => one.claim));
      set((now) => (before ? [...now.filter((one) => !fresh.has(one.claim)), ...found] : found));
      follow(place);
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
  }, [query_of(wanted)]);
  const more = () => {
    if (next && !loading.current) void load(next);
  };
  const again = () => load(null, claims.length);
  return { claims, has_more: next !== null, problem, more, again, is_loaded };
}

interface Opened {
  checks: Check[];
  next: string | null;
}

// The checks of the claims that are open, by claim. One whose checks are on their way has none yet.
function useOpened(wanted: Wanted) {
  const [opened, set] = useState<Record<string, Opened>>({});
  const [problem, tell] = useState<Error | null>(null);
  const turn = useRef(0); // what was asked for under other filters is not shown

  const load = async ({ claim, models }: ClaimChecks, before: string | null) => {
    const mine = turn.current;
    const { model, state } = wanted;
    const more = {
      limit: String(kAtOnce),
      same_claim_as: models[0]?.latest.id ?? "",
      ...(before ? { before } : {}),
    };
    try {
      const page = await get<CheckPage>(`/api/checks?${query_of({ model, state }, more)}`);
      if (mine !== turn.current) return;
      set((now) => {
        const already = now[claim];
        if (!already) return now; // closed meanwhile
        const checks = before ? [...already.checks, ...page.checks] : page.checks;
        return { ...now, [claim]: { checks, next: page.next } };
      });
      tell(null);
    } catch (error) {
      if (mine === turn.current) tell(error as Error);
    }
  };
  const close = (claim: string) =>
    set((now) => Object.fromEntries(Object.entries(now).filter(([name]) => name !== claim)));
  const toggle = (group: ClaimChecks) => {
    if (opened[group.claim]) return close(group.claim);
    set((now) => ({ ...now, [group.claim]: { checks: [], next: null } }));
    void load(group, null);
  };
  const forget = (id: string) =>
    set((now) =>
      Object.fromEntries(
        Object.entries(now).map(([claim, { checks, next }]) => [
          claim,
          { checks: checks.filter((check) => check.id !== id), next: next === id ? null : next },
        ]),
      ),
    );

  const filters = query_of(wanted);
  useEffect(() => {
    turn.current += 1;
    set({});
  }, [filters]);
  return { opened, problem, toggle, more: load, forget };
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

type Row =
  | { kind: "check"; check: Check; is_inner: boolean }
  | { kind: "claim"; group: ClaimChecks; is_open: boolean }
  | { kind: "more"; group: ClaimChecks; next: string | null };

// A claim with a single check is that check; another one opens.
function rows_of(claims: ClaimChecks[], opened: Record<string, Opened>): Row[] {
  return claims.flatMap((group): Row[] => {
    const [only] = group.models;
    if (group.checks === 1 && only) return [{ kind: "check", check: only.latest, is_inner: false }];

    const inner = opened[group.claim];
    const rows: Row[] = [{ kind: "claim", group, is_open: inner !== undefined }];
    for (const check of inner?.checks ?? []) rows.push({ kind: "check", check, is_inner: true });
    if (inner && (inner.checks.length === 0 || inner.next)) rows.push({ kind: "more", group, next: inner.next });
    return rows;
  });
}

const key_of = (row: Row): string => (row.kind === "check" ? row.check.id : `${row.kind} ${row.group.claim}`);
const interval_of = (check: Check) => (check.result?.ci95 as [number, number] | null | undefined) ?? null;

interface Placed {
  place: number;
  count: number;
}

const placed = ({ place, count }: Placed) => ({
  style: { transform: `translateY(${place * kRow}px)` },
  "aria-posinset": place + 1,
  "aria-setsize": count,
});

function Value({ check }: { check: Check }) {
  const { result } = check;
  const interval = interval_of(check);
  if (!result) return <span class="value" />;
  return (
    <span class="value">
      {percent(result.p)}
      {interval && <small>{range_text(interval)}</small>}
      {result.stable === false && <small>unstable</small>}
    </span>
  );
}

interface EntryProps extends Placed {
  check: Check;
  is_inner: boolean;
  is_chosen: boolean;
  onChoose: () => void;
  onDelete: () => void;
}

function Entry({ check, is_inner, is_chosen, onChoose, onDelete, ...place }: EntryProps) {
  const { result } = check;
  const name = is_inner ? `${check.claim}, ${shown_model(check)}, ${moment(check.created_at)}` : check.claim;
  return (
    <li class={is_inner ? "entry inner" : "entry"} {...placed(place)}>
      <input
        type="checkbox"
        checked={is_chosen}
        disabled={check.state !== "done"}
        onChange={onChoose}
        aria-label={`Compare: ${name}`}
      />
      <a href={`/checks/${check.id}`}>
        <b>{is_inner ? shown_model(check) : check.claim}</b>
        <small>
          {is_inner ? "" : `${shown_model(check)} · `}
          {moment(check.created_at)} · {state_in_words[check.state]}
        </small>
      </a>
      <Value check={check} />
      <span class="picture">
        {result && <Scale p={result.p} interval={interval_of(check)} is_stable={result.stable} label="Belief" />}
      </span>
      <span class="row">
        <a class="button plain" href={again_address(check)} aria-label={`Measure again: ${name}`}>
          Again
        </a>
        <button
          type="button"
          class="plain"
          onClick={onDelete}
          disabled={check.state === "queued" || check.state === "running"}
          aria-label={`Delete: ${name}`}
        >
          Delete
        </button>
      </span>
    </li>
  );
}

const belief_of = (check: Check) =>
  check.result && { p: check.result.p, interval: interval_of(check), is_stable: check.result.stable };

// The newest belief of every model on one scale.
function Beliefs({ checks }: { checks: Check[] }) {
  const beliefs = checks.flatMap((check) => {
    const belief = belief_of(check);
    return belief ? [{ id: check.id, model: shown_model(check), ...belief }] : [];
  });
  return (
    <div class="track scale" role="img" aria-label={beliefs.map((one) => belief_in_words(one.model, one)).join("; ")}>
      <i class="middle" />
      {beliefs.map(({ id, interval }) => interval && <i key={id} class="band" style={across(...interval)} />)}
      {beliefs.map(({ id, p, is_stable }) => (
        <BeliefPoint key={id} p={p} is_stable={is_stable} />
      ))}
    </div>
  );
}

// The lowest and the highest belief among the models, or that of the only one.
function Span({ checks }: { checks: Check[] }) {
  const measured = checks.filter((check) => check.result);
  const [first] = measured;
  if (!first) return <span class="value" />;
  if (measured.length === 1) return <Value check={first} />;

  const beliefs = measured.map((check) => check.result?.p ?? 0);
  const [low, high] = [percent(Math.min(...beliefs)), percent(Math.max(...beliefs))];
  return (
    <span class="value">
      {low === high ? low : `${low.replace(" %", "")} to ${high}`}
      <small>{measured.length} models</small>
    </span>
  );
}

interface ClaimRowProps extends Placed {
  group: ClaimChecks;
  is_open: boolean;
  onToggle: () => void;
}

function ClaimRow({ group, is_open, onToggle, ...place }: ClaimRowProps) {
  const latest = group.models.map((one) => one.latest);
  const names = latest.map((check) => shown_model(check));
  return (
    <li class="entry several" {...placed(place)}>
      <button type="button" class="opener" aria-expanded={is_open} onClick={onToggle}>
        <i aria-hidden="true">{is_open ? "▾" : "▸"}</i>
        <span>
          <b>{group.claim}</b>
          <small>
            {names.length === 1 ? names[0] : `${names.length} models`} · {group.checks} checks ·{" "}
            {days(group.since, group.newest_at)}
          </small>
        </span>
      </button>
      <Span checks={latest} />
      <span class="picture">{latest.some((check) => check.result) && <Beliefs checks={latest} />}</span>
    </li>
  );
}

// What is typed in one visit of the field is one step back.
function SearchField({ value, onValue }: { value: string; onValue: (text: string, replaces: boolean) => void }) {
  const typed = useRef<string | null>(null); // in this visit; null: nothing yet
  const leave = () => {
    typed.current = null;
  };
  return (
    <label>
      <span>Search in claims</span>
      <input
        type="search"
        value={value}
        onFocus={leave}
        onBlur={leave}
        onInput={(e) => {
          const goes_on = typed.current === value; // the address has not changed otherwise, as by the back button
          typed.current = e.currentTarget.value;
          onValue(typed.current, goes_on);
        }}
      />
    </label>
  );
}

// An address may name a model that is no longer offered.
function model_options(start: Start, named: string): [string, string][] {
  const offered = start.models.map(({ model, name }): [string, string] => [model, name]);
  const is_known = named === "" || offered.some(([model]) => model === named);
  return [["", "all"], ...offered, ...(is_known ? [] : [[named, named] as [string, string]])];
}

export function HistoryPage({ start, address }: { start: Start; address: URL }) {
  useTitle("History");
  const wanted = wanted_at(address);
  const [chosen, choose] = useState<string[]>([]);
  const [doomed, doom] = useState<Check | null>(null);
  const [failed, fail] = useState<Error | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const { claims, has_more, problem, more, again, is_loaded } = useClaims(wanted);
  const { opened, problem: open_problem, toggle, more: more_of, forget } = useOpened(wanted);
  const rows = rows_of(claims, opened);
  const [first, last] = useSeen(list, rows.length);
  useEffect(() => {
    if (last >= rows.length) more();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `more` is another at every drawing; the rows decide
  }, [last, rows.length, has_more]);

  const want = (change: Partial<Wanted>, replaces = false) => {
    const query = query_of({ ...wanted, ...change });
    go(query ? `/history?${query}` : "/history", replaces);
  };
  const pick = (id: string) =>
    choose((now) => (now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(-2)));
  const really_delete = async () => {
    const { id } = doomed as Check;
    doom(null);
    try {
      await remove(`/api/checks/${id}`);
      forget(id);
      choose((now) => now.filter((one) => one !== id));
      await again();
    } catch (error) {
      fail(error as Error);
    }
  };

  const is_filtered = wanted.search !== "" || wanted.model !== "" || wanted.state !== "";
  const checks = claims.reduce((sum, group) => sum + group.checks, 0);
  const counted = `${checks} ${checks === 1 ? "check" : "checks"} of ${claims.length} ${claims.length === 1 ? "claim" : "claims"}`;
  return (
    <>
      <h1>History</h1>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <SearchField value={wanted.search} onValue={(search, replaces) => want({ search }, replaces)} />
        <Choice
          label="Model"
          value={wanted.model}
          options={model_options(start, wanted.model)}
          onValue={(model) => want({ model })}
        />
        <Choice
          label="State"
          value={wanted.state}
          options={[["", "all"], ...Object.entries(state_in_words)]}
          onValue={(state) => want({ state })}
        />
        <Choice
          label="Order"
          value={wanted.sort}
          options={[
            ["", "newest first"],
            ["oldest", "oldest first"],
          ]}
          onValue={(sort) => want({ sort })}
        />
        <button
          type="button"
          disabled={chosen.length !== 2}
          onClick={() => go(`/compare?a=${chosen[0]}&b=${chosen[1]}`)}
        >
          Compare two
        </button>
      </form>
      <ProblemNote problem={problem ?? open_problem ?? failed} />
      {is_loaded && claims.length === 0 && !problem && (
        <p class="quiet">
          {is_filtered ? (
            <>
              No check matches. <a href="/history">Show all</a>.
            </>
          ) : (
            <>
              Nothing has been measured yet. <a href="/">Ask about a claim</a>.
            </>
          )}
        </p>
      )}
      <ol ref={list} class="entries" style={{ height: `${rows.length * kRow}px` }}>
        {rows.slice(first, last).map((row, i) => {
          const place = { place: first + i, count: rows.length };
          if (row.kind === "check")
            return (
              <Entry
                key={key_of(row)}
                {...place}
                check={row.check}
                is_inner={row.is_inner}
                is_chosen={chosen.includes(row.check.id)}
                onChoose={() => pick(row.check.id)}
                onDelete={() => doom(row.check)}
              />
            );
          if (row.kind === "claim")
            return (
              <ClaimRow
                key={key_of(row)}
                {...place}
                group={row.group}
                is_open={row.is_open}
                onToggle={() => toggle(row.group)}
              />
            );
          return (
            <li class="entry inner rest" key={key_of(row)} {...placed(place)}>
              {row.next ? (
                <button type="button" class="plain" onClick={() => more_of(row.group, row.next)}>
                  Show more checks of this claim
                </button>
              ) : (
                <span class="quiet">Loading …</span>
              )}
            </li>
          );
        })}
      </ol>
      <p class="quiet" role="status">
        {claims.length > 0 && (has_more ? `${counted} shown, more below` : counted)}
      </p>
      {doomed && (
        <Confirm title="Delete this check?" action="Delete" onYes={really_delete} onNo={() => doom(null)}>
          <p>
            “{doomed.claim}” by {shown_model(doomed)}, {moment(doomed.created_at)}. It cannot be restored, and it still
            counts as used.
          </p>
        </Confirm>
      )}
    </>
  );
}
