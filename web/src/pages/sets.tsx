// Sets: many claims at once. What is uploaded or pasted is read by the service, which says what it would ask and cost
// before anything is asked; below, the sets that were made before.
import { useEffect, useRef, useState } from "preact/hooks";

import { get, post, type ServedSet, type SetPage, type SetQuote, type SetWish, type Start } from "../api";
import { pace_of } from "../pace";
import { kDepths, ModelsToAsk, Radios } from "../parts/choices";
import { ProblemNote, useLoaded } from "../parts/common";
import { go, useTitle } from "../route";
import { dollars, duration, moment } from "../words";

type Depth = (typeof kDepths)[number][0];

const kMostBytes = 2_097_152; // as the service takes them
const kShownLines = 8; // of a kind, before the rest is folded away

const kQuestionsChoices = [
  ["leave_out", "Leave them out", "the other claims are measured"],
  ["ask", "Measure them as they are", "the model is asked how likely a question is to be true"],
] as const;

interface Draft {
  text: string;
  file: string | null; // the name of the file that the text is from
  name: string;
  models: string[];
  depth: Depth;
  // Null: as the service finds them by their names.
  claim_column: string | null;
  tags_column: string | null;
  truth_column: string | null;
  questions: (typeof kQuestionsChoices)[number][0] | null;
}

const wish_of = (draft: Draft): SetWish => ({
  text: draft.text,
  models: draft.models,
  depth: draft.depth,
  ...(draft.name.trim() ? { name: draft.name.trim() } : {}),
  ...(draft.claim_column === null ? {} : { claim_column: draft.claim_column }),
  ...(draft.tags_column === null ? {} : { tags_column: draft.tags_column }),
  ...(draft.truth_column === null ? {} : { truth_column: draft.truth_column }),
  ...(draft.questions === null ? {} : { questions: draft.questions }),
});

const counted = (count: number, one: string, several = `${one}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? one : several}`;

// Asked anew a moment after the last change.
function useQuote(draft: Draft): { quote: SetQuote | null; problem: Error | null; is_reading: boolean } {
  const [quote, set] = useState<SetQuote | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const [is_reading, read] = useState(false);
  const key = JSON.stringify({ ...draft, name: "", file: null });
  useEffect(() => {
    let is_over = false;
    if (draft.text.trim() === "" || draft.models.length === 0) {
      set(null);
      tell(null);
      read(false);
      return;
    }
    read(true);
    const timer = setTimeout(async () => {
      try {
        const found = await post<SetQuote>("/api/set-quotes", wish_of(draft));
        if (is_over) return;
        set(found);
        tell(null);
      } catch (error) {
        if (is_over) return;
        set(null);
        tell(error as Error);
      }
      read(false);
    }, 300);
    return () => {
      is_over = true;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says what counts
  }, [key]);
  return { quote, problem, is_reading };
}

// Of all models one after the other. By what the last checks took, or by this browser's pace. Null where a model was
// never asked.
function seconds_of(quote: SetQuote): number | null {
  let sum = 0;
  for (const model of quote.models) {
    const checks = quote.models.length ? quote.checks / quote.models.length : 0;
    const share = checks > 0 ? (checks - model.stored) / checks : 0;
    const pace = pace_of(model.model);
    if (model.seconds_a_check !== null) sum += model.seconds_a_check * (checks - model.stored);
    else if (pace !== null) sum += model.questions * pace * share;
    else if (share > 0) return null;
  }
  return sum;
}

function Cost({ quote, start }: { quote: SetQuote; start: Start }) {
  const stored = quote.models.reduce((n, model) => n + model.stored, 0);
  const asked = quote.checks - stored;
  const questions = quote.models.reduce((n, model) => n + model.questions, 0);
  const is_priced = quote.models.every((model) => model.most_micro_usd !== null);
  const most = quote.models.reduce((n, model) => n + (model.most_micro_usd ?? 0), 0);
  const seconds = seconds_of(quote);
  const is_too_many = asked > quote.checks_left;
  return (
    <div class="cost" role="status">
      <dl class="facts">
        <dt>Checks</dt>
        <dd>
          {counted(quote.checks, "check")}
          {stored > 0 && `; ${stored.toLocaleString("en")} of them answered from stored results, free of charge`}
        </dd>
        <dt>Questions</dt>
        <dd>at most {counted(questions, "question")}</dd>
        <dt>Cost</dt>
        <dd>{!is_priced ? "price unknown" : most === 0 ? "free" : `at most ${dollars(most)}`}</dd>
        <dt>Time</dt>
        <dd>
          {seconds === null
            ? "known after the first checks"
            : seconds === 0
              ? "at once"
              : `about ${duration(seconds)} if the checks are measured one after the other`}
        </dd>
        <dt>Plan</dt>
        <dd>
          {is_too_many ? (
            <b class="advice">
              {counted(asked, "check")} needed, {quote.checks_left.toLocaleString("en")} left.{" "}
              <a href="/billing">See the plans</a>
            </b>
          ) : (
            `uses ${asked.toLocaleString("en")} of the ${counted(quote.checks_left, "check")} left`
          )}
          {quote.needs_plan && start.user?.usage.plan === "trial" && " · this depth needs a plan"}
        </dd>
      </dl>
    </div>
  );
}

function Lines({ lines }: { lines: { line: number; text: string }[] }) {
  const item = ({ line, text }: { line: number; text: string }) => (
    <li key={line}>
      <span class="quiet">Line {line}</span> {text}
    </li>
  );
  const rest = lines.slice(kShownLines);
  return (
    <>
      <ul class="plain-list">{lines.slice(0, kShownLines).map(item)}</ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length} more</summary>
          <ul class="plain-list">{rest.map(item)}</ul>
        </details>
      )}
    </>
  );
}

interface ColumnProps {
  label: string;
  quote: SetQuote;
  found: string | null;
  chosen: string | null;
  none: string; // what having no such column is called
  onChoose: (column: string) => void;
}

function Column({ label, quote, found, chosen, none, onChoose }: ColumnProps) {
  return (
    <label>
      <span>{label}</span>
      <select value={chosen ?? found ?? ""} onChange={(e) => onChoose(e.currentTarget.value)}>
        <option value="">{none}</option>
        {quote.columns.filter(Boolean).map((column) => (
          <option key={column} value={column}>
            {column}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ReadProps {
  draft: Draft;
  quote: SetQuote;
  change: (part: Partial<Draft>) => void;
}

// What the service read, to be looked at before anything is asked.
function Read({ draft, quote, change }: ReadProps) {
  const has_tags = quote.sample.some((line) => line.tags.length > 0);
  const has_truth = quote.sample.some((line) => line.truth !== null);
  return (
    <section class="read" aria-label="What was read">
      {quote.format !== "lines" && (
        <div class="columns">
          <Column
            label="Column of the claims"
            quote={quote}
            found={quote.claim_column}
            chosen={draft.claim_column}
            none="choose one"
            onChoose={(claim_column) => change({ claim_column })}
          />
          <Column
            label="Tags"
            quote={quote}
            found={quote.tags_column}
            chosen={draft.tags_column}
            none="no tags"
            onChoose={(tags_column) => change({ tags_column })}
          />
          <Column
            label="Truth"
            quote={quote}
            found={quote.truth_column}
            chosen={draft.truth_column}
            none="not known"
            onChoose={(truth_column) => change({ truth_column })}
          />
        </div>
      )}
      {quote.claim_column === null ? (
        <p class="note problem">Choose the column that holds the claims.</p>
      ) : (
        <>
          <p>
            <b>{counted(quote.claims, "claim")}</b> can be read. The first of them:
          </p>
          <div class="scroll">
            <table class="sample">
              <thead>
                <tr>
                  <th scope="col">Line</th>
                  <th scope="col">Claim</th>
                  {has_tags && <th scope="col">Tags</th>}
                  {has_truth && <th scope="col">Truth</th>}
                </tr>
              </thead>
              <tbody>
                {quote.sample.map((line) => (
                  <tr key={line.line}>
                    <td>{line.line}</td>
                    <th scope="row">{line.claim}</th>
                    {has_tags && <td>{line.tags.join(", ")}</td>}
                    {has_truth && <td>{line.truth === null ? "" : line.truth ? "true" : "false"}</td>}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {quote.refused > 0 && (
        <div class="note problem">
          <p>
            <b>{counted(quote.refused, "line is", "lines are")} left out:</b>
          </p>
          <Lines lines={quote.refused_lines.map(({ line, why }) => ({ line, text: why }))} />
          {quote.refused > quote.refused_lines.length && <p>The first {quote.refused_lines.length} are shown.</p>}
        </div>
      )}
      {quote.questions > 0 && (
        <fieldset class="note">
          <legend>{counted(quote.questions, "claim is a question", "claims are questions")}</legend>
          <p>
            A question is neither true nor false: write it as a statement, “The earth is flat” for “Is the earth flat?”.
          </p>
          <Lines lines={quote.question_lines.map(({ line, claim }) => ({ line, text: claim }))} />
          <Radios
            name="questions"
            options={kQuestionsChoices}
            chosen={draft.questions}
            onChoose={(questions) => change({ questions })}
          />
        </fieldset>
      )}
    </section>
  );
}

// A file is chosen or dropped; its text is then handled as if it had been pasted.
function FileField({
  onText,
  onProblem,
}: {
  onText: (text: string, name: string) => void;
  onProblem: (e: Error) => void;
}) {
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > kMostBytes) {
      const size = file.size.toLocaleString("en");
      onProblem(
        new Error(
          `${file.name} has ${size} bytes; at most ${kMostBytes.toLocaleString("en")} are allowed. Split it into several sets.`,
        ),
      );
      return;
    }
    onText(await file.text(), file.name);
  };
  return (
    <label class="upload">
      <span>Upload a file</span>
      <input
        type="file"
        accept=".csv,.jsonl,.ndjson,.txt,text/csv,text/plain"
        onChange={(e) => void take(e.currentTarget.files?.[0])}
      />
    </label>
  );
}

function NewSet({ start }: { start: Start }) {
  const [draft, set] = useState<Draft>(() => ({
    text: "",
    file: null,
    name: "",
    models: start.models.slice(0, 1).map((model) => model.name),
    depth: "standard",
    claim_column: null,
    tags_column: null,
    truth_column: null,
    questions: null,
  }));
  const [is_sending, send] = useState(false);
  const [failed, fail] = useState<Error | null>(null);
  const { quote, problem, is_reading } = useQuote(draft);
  const change = (part: Partial<Draft>) => {
    fail(null);
    set((now) => ({ ...now, ...part }));
  };
  // Other text has other columns.
  const take = (text: string, file: string | null) =>
    change({
      text,
      file,
      claim_column: null,
      tags_column: null,
      truth_column: null,
      questions: null,
      ...(file && !draft.name ? { name: file.replace(/\.[^.]*$/, "").slice(0, 60) } : {}),
    });
  const toggle = (name: string) =>
    change({
      models: draft.models.includes(name) ? draft.models.filter((one) => one !== name) : [...draft.models, name],
    });

  const is_undecided = quote !== null && quote.questions > 0 && draft.questions === null;
  const can_measure = quote !== null && quote.checks > 0 && !is_undecided && !is_reading;
  const is_under_way = useRef(false);
  const measure = async (event: Event) => {
    event.preventDefault();
    if (!can_measure || is_under_way.current) return;
    is_under_way.current = true;
    send(true);
    try {
      const made = await post<ServedSet>("/api/sets", wish_of(draft), { "Idempotency-Key": crypto.randomUUID() });
      go(`/sets/${made.id}`);
    } catch (error) {
      fail(error as Error);
      send(false);
      is_under_way.current = false;
    }
  };

  return (
    <form class="ask set" onSubmit={measure}>
      <div>
        <label class="claim">
          <span>Claims</span>
          <textarea
            rows={7}
            value={draft.text}
            spellcheck={false}
            placeholder={"claim,tags,truth\nTea contains caffeine,food,true\n…  or a claim on each line, or JSON lines"}
            onInput={(e) => take(e.currentTarget.value, null)}
            onDragOver={(e) => e.preventDefault()}
            onDrop={async (e) => {
              const file = e.dataTransfer?.files[0];
              if (!file) return;
              e.preventDefault();
              take(await file.text(), file.name);
            }}
          />
        </label>
        <FileField onText={take} onProblem={fail} />
      </div>
      {quote && <Read draft={draft} quote={quote} change={change} />}
      <label class="name">
        <span>Name</span>
        <input
          type="text"
          value={draft.name}
          maxLength={60}
          placeholder="as the list below calls it"
          onInput={(e) => change({ name: e.currentTarget.value })}
        />
      </label>
      <ModelsToAsk start={start} chosen={draft.models} onToggle={toggle} />
      <fieldset>
        <legend>Depth</legend>
        <Radios name="depth" options={kDepths} chosen={draft.depth} onChoose={(depth) => change({ depth })} />
      </fieldset>
      {quote && quote.claim_column !== null && <Cost quote={quote} start={start} />}
      {draft.models.length === 0 && <p class="quiet">Choose at least one model.</p>}
      {is_undecided && (
        <p class="advice">Decide what becomes of the {quote.questions === 1 ? "question" : "questions"} first.</p>
      )}
      <ProblemNote problem={failed ?? problem} />
      <div class="row">
        <button class="primary" disabled={is_sending || !can_measure}>
          {is_sending
            ? "Sending …"
            : quote && quote.checks > 0
              ? `Measure ${counted(quote.checks, "check")}`
              : "Measure"}
        </button>
        {is_reading && (
          <span class="quiet" role="status">
            Reading …
          </span>
        )}
      </div>
    </form>
  );
}

function Made() {
  const { value, problem, again } = useLoaded(() => get<SetPage>("/api/sets?limit=50"), "sets");
  const [older, add] = useState<ServedSet[]>([]);
  const [next, follow] = useState<string | null>(null);
  useEffect(() => {
    add([]);
    follow(value?.next ?? null);
  }, [value]);
  const is_running = value?.sets.some((set) => set.state === "running") ?? false;
  useEffect(() => {
    if (!is_running) return;
    const timer = setInterval(again, 3000);
    return () => clearInterval(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `again` is another at every drawing
  }, [is_running]);
  const more = async () => {
    const page = await get<SetPage>(`/api/sets?limit=50&before=${next}`);
    add((now) => [...now, ...page.sets]);
    follow(page.next);
  };

  const sets = [...(value?.sets ?? []), ...older];
  return (
    <section>
      <h2>Your sets</h2>
      <ProblemNote problem={problem} />
      {value && sets.length === 0 && <p class="quiet">No set has been made yet.</p>}
      <ul class="made">
        {sets.map((set) => {
          const { done, failed, cancelled } = set.counts;
          return (
            <li key={set.id}>
              <a href={`/sets/${set.id}`}>
                <b>{set.name || `Set of ${counted(set.claims, "claim")}`}</b>
              </a>
              <small>
                {counted(set.claims, "claim")} × {counted(set.models.length, "model")} · {moment(set.created_at)}
              </small>
              <small>
                {set.state === "running"
                  ? `${done + failed + cancelled} of ${set.checks} measured`
                  : `${done} measured${failed ? `, ${failed} failed` : ""}${cancelled ? `, ${cancelled} cancelled` : ""}`}
              </small>
            </li>
          );
        })}
      </ul>
      {next && (
        <button type="button" class="plain" onClick={() => void more()}>
          Show older sets
        </button>
      )}
    </section>
  );
}

export function SetsPage({ start }: { start: Start }) {
  useTitle("Sets");
  return (
    <>
      <h1>Many claims at once</h1>
      <p class="lead">
        Upload or paste a list of claims. Every chosen model is asked about each of them, and the result is one table:
        who believes what, how firmly, and where the models disagree.
      </p>
      {start.user ? (
        <>
          <NewSet start={start} />
          <Made />
        </>
      ) : (
        <p class="note">
          Sets need an account. <a href="/sign-in">Sign in</a>
        </p>
      )}
    </>
  );
}
