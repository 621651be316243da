// One set: the matrix of claims by models as it fills, filtered and sorted as the address says; totals; what it says as
// a whole.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { get, is_not_found, post, remove, type ServedSet, type SetRows, type Start, type Summary } from "../api";
import { Choice } from "../parts/choices";
import { Confirm, Loading, MockNote, ProblemNote } from "../parts/common";
import { Legend, Matrix } from "../parts/matrix";
import { SummaryPart } from "../parts/summary";
import { go, useTitle } from "../route";
import { arranged, changed_lines, lines_of, query_of, sum_of, view_at, type Line, type View } from "../table";
import { dollars, duration, moment, shown_model } from "../words";
import { kNoSuchSet, MissingSet } from "./missing";

const kAgain = 1000; // ms between two looks at a set under way
const kAfterFailure = 3000;

interface Filling {
  set: ServedSet | null;
  lines: Line[];
  problem: Error | null;
  began: { at: number; done: number } | null; // when this page began to watch, and what was done then
}

const ended = ({ counts }: ServedSet): number => counts.done + counts.failed + counts.cancelled;

// The rows once, then what changed as long as something is under way.
function useSet(id: string): Filling & { again: () => void } {
  const [filling, set] = useState<Filling>({ set: null, lines: [], problem: null, began: null });
  const [turn, next] = useState(0);
  useEffect(() => {
    let is_over = false;
    let timer = 0;
    let as_of: string | null = null;
    const load = async () => {
      try {
        const since = as_of === null ? "" : `?${new URLSearchParams({ since: as_of })}`;
        const rows = await get<SetRows>(`/api/sets/${id}/rows${since}`);
        if (is_over) return;
        as_of = rows.as_of;
        set((now) => ({
          set: rows.set,
          lines: rows.claims ? lines_of(rows) : changed_lines(now.lines, rows),
          problem: null,
          began: now.began ?? { at: performance.now(), done: ended(rows.set) },
        }));
        if (rows.set.state === "running") timer = window.setTimeout(load, kAgain);
      } catch (error) {
        if (is_over) return;
        set((now) => ({ ...now, problem: error as Error }));
        if (as_of !== null) timer = window.setTimeout(load, kAfterFailure);
      }
    };
    void load();
    return () => {
      is_over = true;
      clearTimeout(timer);
    };
  }, [id, turn]);
  return { ...filling, again: () => next((n) => n + 1) };
}

// Of what has been measured; asked for when nothing is under way any more.
function useSummary(id: string, is_ready: boolean): Summary | null {
  const [summary, set] = useState<Summary | null>(null);
  useEffect(() => {
    if (!is_ready) return;
    let is_over = false;
    get<{ summary: Summary | null }>(`/api/sets/${id}/summary`).then(
      (told) => !is_over && set(told.summary),
      () => undefined, // the table says what went wrong
    );
    return () => {
      is_over = true;
    };
  }, [id, is_ready]);
  return summary;
}

const checks = (count: number): string => `${count.toLocaleString("en")} ${count === 1 ? "check" : "checks"}`;

function Progress({ set, began }: { set: ServedSet; began: Filling["began"] }) {
  const { counts } = set;
  const done = ended(set);
  const all = done + counts.queued + counts.running;
  const since = began ? (performance.now() - began.at) / 1000 : 0;
  const gone = began ? done - began.done : 0;
  const left = gone >= 3 && since > 1 ? ((all - done) * since) / gone : null;
  return (
    <div class="progress">
      <progress value={done} max={all} aria-label="Checks measured" />
      <p role="status" class="quiet">
        {done.toLocaleString("en")} of {checks(all)} measured
        {counts.failed > 0 && `, ${counts.failed} failed`}
        {counts.running > 0 && `, ${counts.running} running`}
        {left !== null && `, about ${duration(left)} left`}
      </p>
    </div>
  );
}

interface FilterProps {
  lines: Line[];
  models: string[];
  names: string[]; // of the models, as they are shown
  view: View;
  want: (change: Partial<View>, replaces?: boolean) => void;
}

function Filters({ lines, models, names, view, want }: FilterProps) {
  const tags = useMemo(() => [...new Set(lines.flatMap((line) => line.tags))].sort(), [lines]);
  const gates = useMemo(
    () => [...new Set(lines.flatMap((line) => line.cells.flatMap((cell) => cell?.gates_failed ?? [])))].sort(),
    [lines],
  );
  const toggle = (model: string) => {
    const shown = view.models.length > 0 ? view.models : models;
    const left = shown.includes(model) ? shown.filter((one) => one !== model) : [...shown, model];
    if (left.length > 0) want({ models: left.length === models.length ? [] : left });
  };
  return (
    <form
      class="filters set-filters"
      role="search"
      aria-label="Filters of the table"
      onSubmit={(e) => e.preventDefault()}
    >
      <label>
        <span>Search in claims</span>
        <input type="search" value={view.search} onInput={(e) => want({ search: e.currentTarget.value }, true)} />
      </label>
      <Choice
        label="Order"
        value={view.sort}
        options={[
          ["", "as given"],
          ["apart", "disagreement"],
          ["claim", "claim"],
          ...models.map((model, i): [string, string] => [`model ${model}`, `belief of ${names[i]}`]),
        ]}
        onValue={(sort) => want({ sort, is_up: false })}
      />
      {tags.length > 0 && (
        <Choice
          label="Tag"
          value={view.tag}
          options={[["", "all"], ...tags.map((tag): [string, string] => [tag, tag])]}
          onValue={(tag) => want({ tag })}
        />
      )}
      <Choice
        label="Gates"
        value={view.gate}
        options={[
          ["", "all"],
          ["passed", "all passed"],
          ["failed", "one not passed"],
          ...gates.map((gate): [string, string] => [`failed ${gate}`, `${gate} not passed`]),
          ["unstable", "no stable belief"],
        ]}
        onValue={(gate) => want({ gate })}
      />
      {models.length > 1 && (
        <fieldset class="columns-shown">
          <legend>Models</legend>
          {models.map((model, i) => (
            <label key={model}>
              <input
                type="checkbox"
                checked={view.models.length === 0 || view.models.includes(model)}
                onChange={() => toggle(model)}
              />
              <span>{names[i]}</span>
            </label>
          ))}
        </fieldset>
      )}
    </form>
  );
}

const with_names = (summary: Summary, models: string[], names: string[]): Summary => ({
  ...summary,
  models: summary.models.map((model) => ({ ...model, name: names[models.indexOf(model.name)] ?? model.name })),
});

function Totals({ set, names, lines }: { set: ServedSet; names: string[]; lines: Line[] }) {
  const rows = [
    ...names.map((name, model) => ({ name, sum: sum_of(lines, model) })),
    { name: "All", sum: sum_of(lines, null) },
  ];
  const shown = set.models.length > 1 ? rows : rows.slice(0, 1);
  return (
    <section>
      <h2>Totals</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Totals">
        <table class="totals">
          <caption class="hidden">Totals by model</caption>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Measured</th>
              <th scope="col">Stable</th>
              <th scope="col">No stable belief</th>
              <th scope="col">Gate not passed</th>
              <th scope="col">Failed</th>
              <th scope="col">Cost</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ name, sum }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  {sum.measured.toLocaleString("en")} of {sum.checks.toLocaleString("en")}
                </td>
                <td>{sum.stable.toLocaleString("en")}</td>
                <td>{sum.unstable.toLocaleString("en")}</td>
                <td>{sum.gates_failed.toLocaleString("en")}</td>
                <td>{sum.failed.toLocaleString("en")}</td>
                <td>{dollars(sum.billed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {set.counts.stored > 0 && (
        <p class="quiet small">{checks(set.counts.stored)} answered from stored results, free of charge.</p>
      )}
    </section>
  );
}

const how_in_words = ({ how: { depth, readout } }: ServedSet): string =>
  readout === undefined ? depth : `${depth}, ${readout}`;

export function SetPage({ start, id, address }: { start: Start; id: string; address: URL }) {
  const { set, lines, problem, began, again } = useSet(id);
  const [failed, fail] = useState<Error | null>(null);
  const [is_doomed, doom] = useState(false);
  const view = view_at(address);
  const name = set ? set.name || `Set of ${set.claims.toLocaleString("en")} claims` : "Set";
  const is_missing = is_not_found(problem);
  useTitle(is_missing ? kNoSuchSet : name);
  const summary = useSummary(id, set !== null && set.state !== "running");

  // What is typed in one visit of a field is one step back.
  const typed = useRef<string | null>(null);
  const want = (change: Partial<View>, replaces = false) => {
    const query = query_of({ ...view, ...change });
    const path = query ? `/sets/${id}?${query}` : `/sets/${id}`;
    const goes_on = replaces && typed.current === address.search;
    const kept = scrollY;
    go(path, goes_on);
    scrollTo(0, kept); // a filter is used where it stands
    typed.current = replaces ? new URL(path, location.href).search : null;
  };
  const sort = (by: string) => want(by === view.sort ? { is_up: !view.is_up } : { sort: by, is_up: false });

  const models = set?.models ?? [];
  const shown = useMemo(() => {
    const places = models.map((_, place) => place);
    const chosen = places.filter((place) => view.models.includes(models[place] ?? ""));
    return chosen.length > 0 ? chosen : places;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- both are other lists at every drawing
  }, [models.join("\n"), view.models.join("\n")]);
  const is_mock = models.map((name) => start.models.find((offered) => offered.name === name)?.mock ?? false);
  const names = useMemo(
    () => models.map((model, i) => shown_model({ model, mock: is_mock[i] ?? false })),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- both are other lists at every drawing
    [models.join("\n"), is_mock.join()],
  );
  const rows = useMemo(
    () => arranged(lines, view, models, shown),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the query is the view
    [lines, shown, query_of(view)],
  );

  if (is_missing) return <MissingSet />;
  if (!set) return problem ? <ProblemNote problem={problem} /> : <Loading />;

  const act = async (call: () => Promise<unknown>, then: () => void) => {
    try {
      await call();
      fail(null);
      then();
    } catch (error) {
      fail(error as Error);
    }
  };
  const is_running = set.state === "running";
  return (
    <div class="set-page">
      <p class="eyebrow">
        <a href="/sets">Sets</a>
      </p>
      <h1 class="claim">{name}</h1>
      <p class="meta quiet">
        {set.claims.toLocaleString("en")} {set.claims === 1 ? "claim" : "claims"} × {models.length}{" "}
        {models.length === 1 ? "model" : "models"} · {how_in_words(set)} · {moment(set.created_at)} ·{" "}
        {dollars(set.billed_micro_usd)}
      </p>
      {is_mock.every(Boolean) && <MockNote text="scripts answered in the models’ place; no model was asked." />}
      {is_mock.some(Boolean) && !is_mock.every(Boolean) && (
        <MockNote text="a script answered in the place of each model that is marked (mock)." />
      )}
      {is_running && <Progress set={set} began={began} />}
      <div class="row no-print">
        {is_running ? (
          <button type="button" onClick={() => void act(() => post<ServedSet>(`/api/sets/${id}/cancel`), again)}>
            Cancel
          </button>
        ) : (
          <button type="button" class="danger" onClick={() => doom(true)}>
            Delete
          </button>
        )}
        <a class="button" href={`/api/sets/${id}/results.csv`} download>
          Download CSV
        </a>
        <a class="button" href={`/api/sets/${id}/results.parquet`} download>
          Download Parquet
        </a>
      </div>
      <ProblemNote problem={failed ?? problem} />
      <Filters lines={lines} models={models} names={names} view={view} want={want} />
      <Legend />
      {rows.length === 0 ? (
        <p class="quiet">
          No claim matches. <a href={`/sets/${id}`}>Show all</a>.
        </p>
      ) : (
        <Matrix lines={rows} models={models} names={names} shown={shown} view={view} onSort={sort} />
      )}
      <p class="quiet small" role="status">
        {rows.length === lines.length
          ? `${lines.length.toLocaleString("en")} claims`
          : `${rows.length.toLocaleString("en")} of ${lines.length.toLocaleString("en")} claims shown`}
      </p>
      <Totals set={set} names={names} lines={lines} />
      {summary && <SummaryPart summary={with_names(summary, models, names)} />}
      {is_doomed && (
        <Confirm
          title="Delete this set?"
          action="Delete"
          onYes={() => {
            doom(false);
            void act(
              () => remove(`/api/sets/${id}`),
              () => go("/sets"),
            );
          }}
          onNo={() => doom(false)}
        >
          <p>
            “{name}” with all its {checks(set.checks)}, {moment(set.created_at)}. It cannot be restored, and its checks
            still count as used.
          </p>
        </Confirm>
      )}
    </div>
  );
}
