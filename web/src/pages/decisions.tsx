// Decisions: what the reader's programs asked by the System One API, with intervals, and which of them would change at a
// threshold that the reader chooses. The threshold stands in the address.
import { useEffect, useState } from "preact/hooks";

import { get, type Decision, type DecisionPage, type Start } from "../api";
import { reading_of, verdict_at, type Reading, type Verdict } from "../decisions";
import { Choice } from "../parts/choices";
import { Loading, ProblemNote } from "../parts/common";
import { across, at, BeliefPoint } from "../parts/plots";
import { go, useTitle } from "../route";
import { moment, percent, range_text, shown_model } from "../words";

const kUsualThreshold = 50; // per cent

interface Wanted {
  threshold: number; // per cent
  show: string; // "changing", or empty: all
}

function wanted_at({ searchParams }: URL): Wanted {
  const given = searchParams.get("threshold");
  const number = given === null || given.trim() === "" ? NaN : Number(given);
  return {
    threshold: number >= 0 && number <= 100 ? number : kUsualThreshold,
    show: searchParams.get("show") === "changing" ? "changing" : "",
  };
}

function address_of({ threshold, show }: Wanted): string {
  const query = new URLSearchParams();
  if (threshold !== kUsualThreshold) query.set("threshold", String(threshold));
  if (show) query.set("show", show);
  return query.size > 0 ? `/decisions?${query}` : "/decisions";
}

function useDecisions() {
  const [decisions, set] = useState<Decision[] | null>(null);
  const [next, follow] = useState<string | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const load = async (before: string | null) => {
    try {
      const page = await get<DecisionPage>(`/api/decisions?limit=50${before ? `&before=${before}` : ""}`);
      set((now) => (before ? [...(now ?? []), ...page.decisions] : page.decisions));
      follow(page.next);
      tell(null);
    } catch (error) {
      tell(error as Error);
    }
  };
  useEffect(() => void load(null), []);
  return { decisions, problem, more: next ? () => void load(next) : null };
}

// "1.43 of 2", or "71 %".
const shown = ({ p, levels }: Reading): string =>
  levels === null ? percent(p) : `${(p * levels).toFixed(2)} of ${levels}`;
const shown_range = ({ interval, levels }: Reading): string =>
  interval === null
    ? "no interval"
    : levels === null
      ? range_text(interval)
      : `${(interval[0] * levels).toFixed(2)} to ${(interval[1] * levels).toFixed(2)}`;

const threshold_in_words = (threshold: number, levels: number | null): string =>
  levels === null ? percent(threshold / 100) : `${((threshold / 100) * levels).toFixed(2)} of ${levels}`;

const kMarks: Record<Verdict, string> = { above: "✓", below: "–", changes: "±" };

function verdict_in_words(reading: Reading, verdict: Verdict, threshold: number): string {
  const limit = threshold_in_words(threshold, reading.levels);
  if (verdict === "changes") return `Would change: the interval crosses ${limit}`;
  const holds = reading.interval ? " throughout its interval" : ", but it has no interval";
  return verdict === "above" ? `At or above ${limit}${holds}` : `Below ${limit}${holds}`;
}

function Picture({ reading, threshold }: { reading: Reading; threshold: number }) {
  const { p, interval, subject } = reading;
  return (
    <div class="track scale" role="img" aria-label={`${subject}: ${shown(reading)}, ${shown_range(reading)}`}>
      {interval && <i class="band" style={across(interval[0], interval[1])} />}
      <i class="threshold" style={at(threshold / 100)} />
      <BeliefPoint p={p} />
    </div>
  );
}

function Entry({ decision, threshold }: { decision: Decision; threshold: number }) {
  const { answer, state } = decision;
  const reading = reading_of(decision);
  const verdict = verdict_at(reading, threshold / 100);
  return (
    <li class={`decision ${verdict}`}>
      <div class="asked">
        <h2>{decision.question}</h2>
        {state && <p class="state quiet">{state}</p>}
        <small>
          {shown_model(decision)} · {moment(decision.last_asked_at)} · {answer.x_wordings} wordings ·{" "}
          <code>{answer.x_record}</code>
        </small>
      </div>
      <p class="value">
        <b>
          {reading.levels === null && `${reading.subject}: `}
          {shown(reading)}
        </b>
        <small>{shown_range(reading)}</small>
      </p>
      <div class="picture">
        <Picture reading={reading} threshold={threshold} />
        <p class="verdict">
          <span aria-hidden="true">{kMarks[verdict]}</span> {verdict_in_words(reading, verdict, threshold)}
        </p>
      </div>
    </li>
  );
}

// A field that is emptied, or half typed, changes nothing yet.
function ThresholdField({ value, onValue }: { value: number; onValue: (value: number) => void }) {
  const [typed, type] = useState(String(value));
  useEffect(() => {
    type((now) => (Number(now) === value ? now : String(value)));
  }, [value]);
  const change = (text: string) => {
    type(text);
    const number = Number(text);
    if (text.trim() !== "" && number >= 0 && number <= 100) onValue(number);
  };
  return (
    <label>
      <span>Threshold (%)</span>
      <input
        type="number"
        min={0}
        max={100}
        step={1}
        value={typed}
        aria-describedby="about-threshold"
        onInput={(e) => change(e.currentTarget.value)}
      />
    </label>
  );
}

function Empty({ is_operator }: { is_operator: boolean }) {
  return (
    <p class="quiet">
      No program has asked yet. A program signs in with a key, which it sends to <code>/v1/systemone</code>.{" "}
      {is_operator
        ? "As an operator you make keys on the command line, where the service runs."
        : "Whoever runs this service makes one for your account."}
    </p>
  );
}

export function DecisionsPage({ start, address }: { start: Start; address: URL }) {
  useTitle("Decisions");
  const wanted = wanted_at(address);
  const { decisions, problem, more } = useDecisions();
  const want = (change: Partial<Wanted>) => go(address_of({ ...wanted, ...change }), true);

  const changing = (decisions ?? []).filter((one) => verdict_at(reading_of(one), wanted.threshold / 100) === "changes");
  const seen = wanted.show ? changing : (decisions ?? []);
  const count = decisions?.length ?? 0;
  return (
    <>
      <h1>Decisions</h1>
      <p class="lead" id="about-threshold">
        What your programs had decided, newest first. A program acts where a probability reaches its threshold. Where
        the interval crosses it, the same model could decide otherwise if it were asked in other words.
      </p>
      <form class="filters thresholds" onSubmit={(e) => e.preventDefault()}>
        <ThresholdField value={wanted.threshold} onValue={(threshold) => want({ threshold })} />
        <Choice
          label="Show"
          value={wanted.show}
          options={[
            ["", "all decisions"],
            ["changing", "those that would change"],
          ]}
          onValue={(show) => want({ show })}
        />
      </form>
      <ProblemNote problem={problem} />
      {!decisions && !problem && <Loading />}
      {decisions && (
        <p role="status">
          {count > 0 && (
            <>
              <b>
                {changing.length} of {count}
              </b>{" "}
              {count === 1 ? "decision" : "decisions"}
              {more && " shown"} would change at {percent(wanted.threshold / 100)}.
            </>
          )}
        </p>
      )}
      {decisions && count === 0 && <Empty is_operator={start.user?.is_admin ?? false} />}
      <ul class="decisions">
        {seen.map((decision) => (
          <Entry key={decision.id} decision={decision} threshold={wanted.threshold} />
        ))}
      </ul>
      {more && (
        <button type="button" class="plain" onClick={more}>
          Show more decisions
        </button>
      )}
    </>
  );
}
