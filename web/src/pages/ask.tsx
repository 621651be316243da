// Ask: a claim, the models, how thoroughly; what it would cost before anything is asked.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { post, Problem, type Check, type Model, type Quote, type Readout, type Start, type Wish } from "../api";
import { kDepths, ModelsToAsk, Radios } from "../parts/choices";
import { ProblemNote } from "../parts/common";
import { go, useTitle } from "../route";
import { dollars, duration, readout_in_words } from "../words";
import { pace_of } from "../pace";

const kAllDepths = [...kDepths, ["custom", "Custom", "your own K, R and T"]] as const;
type Depth = (typeof kAllDepths)[number][0];

interface Plan {
  claim: string;
  models: string[];
  depth: Depth;
  custom: { K: number; R: number; T: number };
  allow_question: boolean;
  readout: Readout | null; // null: as the models are usually read
}

const kCustom = { K: 16, R: 1, T: 16 };
const kMostCustom = 1024;
const kLongestInAddress = 1000; // characters of a claim; a longer one is not put into the address

// The plan that an address names. What it does not name, or names wrongly, is as usual.
function plan_at({ searchParams: given }: URL, { models: offered }: Start): Plan {
  const number = (name: "K" | "R" | "T") => {
    const value = Number(given.get(name));
    return Number.isInteger(value) && value >= 1 && value <= kMostCustom ? value : kCustom[name];
  };
  const named = given.getAll("model").flatMap((one) => {
    const model = offered.find(({ name, model }) => name === one || model === one);
    return model ? [model.name] : [];
  });
  const are_none_wanted = given.get("model") === "";
  const models = named.length > 0 || are_none_wanted ? [...new Set(named)] : offered.slice(0, 1).map((m) => m.name);
  const readouts = readouts_of(offered.filter((model) => models.includes(model.name)));
  return {
    claim: given.get("claim") ?? "",
    models,
    depth: kAllDepths.find(([depth]) => depth === given.get("depth"))?.[0] ?? "standard",
    custom: { K: number("K"), R: number("R"), T: number("T") },
    allow_question: false,
    readout: readouts.find((readout) => readout === given.get("readout")) ?? null,
  };
}

// The address of a plan. It names what is not as usual.
function address_of(plan: Plan, { models: offered }: Start, claim: string, is_fresh: boolean): string {
  const query = new URLSearchParams();
  if (claim && claim.length <= kLongestInAddress) query.set("claim", claim);
  const is_usual = plan.models.length === 1 && plan.models[0] === offered[0]?.name;
  if (plan.models.length === 0) query.set("model", "");
  if (!is_usual) for (const model of plan.models) query.append("model", model);
  if (plan.depth !== "standard") query.set("depth", plan.depth);
  if (plan.depth === "custom") for (const name of ["K", "R", "T"] as const) query.set(name, String(plan.custom[name]));
  if (plan.readout) query.set("readout", plan.readout);
  if (is_fresh) query.set("fresh", "1");
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

// What is chosen stands in the address; what is typed comes there when it is measured.
function usePlan(address: URL, start: Start) {
  const [plan, set] = useState(() => plan_at(address, start));
  const written = useRef(address.search);
  // Before the page is drawn: an effect after it would meet the next choice made meanwhile, and take it back.
  useLayoutEffect(() => {
    if (address.search === written.current) return;
    written.current = address.search;
    set(plan_at(address, start));
  }, [address, start]);

  const write = (changed: Plan, claim: string) => {
    const path = address_of(changed, start, claim, address.searchParams.has("fresh"));
    written.current = path.slice(1);
    go(path, true);
  };
  const change = (part: Partial<Plan>) => {
    const changed = { ...plan, ...part };
    set(changed);
    const claim = address.searchParams.get("claim") ?? "";
    write(changed, changed.claim === claim ? claim : "");
  };
  const type = (claim: string) => set({ ...plan, claim });
  const keep = () => write(plan, plan.claim.trim());
  return { plan, change, type, keep };
}

// The ways in which every chosen model can be read; the first is the usual one.
const readouts_of = (models: Model[]): Readout[] =>
  (models[0]?.readouts ?? []).filter((readout) => models.every((model) => model.readouts.includes(readout)));

// All models are read in the way that is shown as chosen, also those that are usually read in another.
function wish_of(plan: Plan, offered: Model[], model: string): Wish {
  const readout = plan.readout ?? readouts_of(offered.filter(({ name }) => plan.models.includes(name)))[0];
  return {
    claim: plan.claim.trim(),
    model,
    depth: plan.depth,
    ...(plan.depth === "custom" ? plan.custom : {}),
    ...(plan.allow_question ? { allow_question: true } : {}),
    ...(readout ? { readout } : {}),
  };
}

// The service's word for a claim that it measures only when it is told to.
const is_of_question = (problem: Error | null) => problem?.message.includes("is a question") ?? false;

// In place of the service's words, which are for programs: the page has a box for it.
const kOfQuestion = new Error(
  "The claim is a question, which is neither true nor false. Write it as a statement, “The earth is flat” for “Is the earth flat?”, or have it measured as it is.",
);

interface Sum {
  questions: number;
  most: number | null;
  seconds: number | null;
}

// Of all models together; asked anew a moment after the last change.
function useQuote(plan: Plan, offered: Model[]): { sum: Sum | null; problem: Error | null } {
  const [sum, set] = useState<Sum | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const key = JSON.stringify([plan.models, plan.depth, plan.custom, plan.readout, plan.claim.trim() === ""]);
  useEffect(() => {
    let is_over = false;
    const timer = setTimeout(async () => {
      try {
        const claim = plan.claim.trim() || "A claim";
        const quotes = await Promise.all(
          plan.models.map((model) =>
            post<Quote>("/api/quotes", { ...wish_of(plan, offered, model), claim, allow_question: true }),
          ),
        );
        if (is_over) return;
        const paces = plan.models.map(pace_of);
        const seconds = quotes.map((quote, i) => (paces[i] == null ? null : quote.questions * paces[i]));
        set({
          questions: quotes.reduce((n, quote) => n + quote.questions, 0),
          most: quotes.some((quote) => quote.most_micro_usd === null)
            ? null
            : quotes.reduce((n, quote) => n + (quote.most_micro_usd ?? 0), 0),
          seconds: seconds.some((s) => s === null) ? null : seconds.reduce((a: number, b) => a + (b ?? 0), 0),
        });
        tell(null);
      } catch (error) {
        if (is_over) return;
        set(null);
        tell(error as Error);
      }
    }, 200);
    return () => {
      is_over = true;
      clearTimeout(timer);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key is what counts; a claim's words do not
  }, [key]);
  return { sum, problem };
}

function NumberField({
  name,
  meaning,
  value,
  most,
  onValue,
}: {
  name: string;
  meaning: string;
  value: number;
  most: number;
  onValue: (n: number) => void;
}) {
  return (
    <label class="number">
      <span>
        <b>{name}</b> {meaning}
      </span>
      <input
        type="number"
        min={1}
        max={most}
        value={value}
        onInput={(e) => onValue(Math.max(1, Math.min(most, e.currentTarget.valueAsNumber || 1)))}
      />
    </label>
  );
}

// Of Ctrl and Enter, as people of this system know the keys.
const kIsApple = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function AskPage({ start, address }: { start: Start; address: URL }) {
  useTitle("Ask");
  const { plan, change, type, keep } = usePlan(address, start);
  const [is_sending, send] = useState(false);
  const [problem, tell] = useState<Error | null>(null);
  const quote = useQuote(plan, start.models);
  const readouts = readouts_of(start.models.filter((model) => plan.models.includes(model.name)));
  const is_too_many = !start.user && plan.models.length > 1;
  const can_measure = plan.models.length > 0 && !is_too_many;

  const toggle = (name: string) => {
    const models = plan.models.includes(name) ? plan.models.filter((m) => m !== name) : [...plan.models, name];
    const left = readouts_of(start.models.filter((model) => models.includes(model.name)));
    const is_kept = models.length === 0 || (plan.readout !== null && left.includes(plan.readout));
    change({ models, readout: is_kept ? plan.readout : null });
  };

  const is_under_way = useRef(false); // at once, where a second press comes before the button is drawn as pressed
  const measure = async (event: Event) => {
    event.preventDefault();
    if (!can_measure || is_under_way.current) return;
    is_under_way.current = true;
    send(true);
    keep();
    const ids: string[] = [];
    try {
      for (const model of plan.models) {
        const fresh = address.searchParams.has("fresh") ? { fresh: true } : {};
        const check = await post<Check>(
          "/api/checks",
          { ...wish_of(plan, start.models, model), ...fresh },
          { "Idempotency-Key": crypto.randomUUID() },
        );
        ids.push(check.id);
      }
      go(`/checks/${ids.join(",")}`);
    } catch (error) {
      const refused = plan.models.slice(ids.length);
      if (ids.length > 0) go(`/checks/${ids.join(",")}?${new URLSearchParams({ refused: refused.join(", ") })}`);
      else {
        tell(error as Problem);
        send(false);
        is_under_way.current = false;
      }
    }
  };
  const on_key = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing || event.repeat) return;
    event.preventDefault();
    (event.currentTarget as HTMLFormElement).requestSubmit();
  };

  const { sum } = quote;
  return (
    <>
      <h1>What does a model believe?</h1>
      <p class="lead">
        Write one claim. The model is asked about it in many neutral wordings, without looking anything up, and says
        each time how likely it is to be true. You see one probability, how far it can be trusted, and every answer.
      </p>
      <form class="ask" onSubmit={measure} onKeyDown={on_key}>
        <label class="claim">
          <span>Claim</span>
          <textarea
            required
            rows={3}
            maxLength={4000}
            value={plan.claim}
            placeholder="Tariffs cause inflation"
            onInput={(e) => type(e.currentTarget.value)}
          />
        </label>
        <ModelsToAsk start={start} chosen={plan.models} onToggle={toggle} />
        <fieldset>
          <legend>Depth</legend>
          <Radios name="depth" options={kAllDepths} chosen={plan.depth} onChoose={(depth) => change({ depth })} />
          {plan.depth === "custom" && (
            <div class="row">
              <NumberField
                name="K"
                meaning="questions"
                value={plan.custom.K}
                most={kMostCustom}
                onValue={(K) => change({ custom: { ...plan.custom, K } })}
              />
              <NumberField
                name="R"
                meaning="times each"
                value={plan.custom.R}
                most={kMostCustom}
                onValue={(R) => change({ custom: { ...plan.custom, R } })}
              />
              <NumberField
                name="T"
                meaning="wordings"
                value={plan.custom.T}
                most={kMostCustom}
                onValue={(T) => change({ custom: { ...plan.custom, T } })}
              />
            </div>
          )}
        </fieldset>
        {readouts.length > 1 && (
          <fieldset>
            <legend>How the belief is read</legend>
            <Radios
              name="readout"
              options={readouts.map((readout) => [readout, ...readout_in_words[readout]] as const)}
              chosen={plan.readout ?? readouts[0] ?? null}
              onChoose={(readout) => change({ readout: readout === readouts[0] ? null : readout })}
            />
          </fieldset>
        )}
        <p class="quote" role="status">
          {plan.models.length === 0
            ? "Choose at least one model."
            : is_too_many
              ? "Without an account one model can be asked at a time: choose one, or sign in."
              : sum === null
                ? ""
                : `At most ${sum.questions} questions, ${sum.most === null ? "price unknown" : sum.most === 0 ? "free" : `at most ${dollars(sum.most)}`}, ${sum.seconds === null ? "time known after the first check" : `about ${duration(sum.seconds)}`}.`}
        </p>
        <ProblemNote problem={is_of_question(problem) ? kOfQuestion : (problem ?? quote.problem)} />
        {(plan.allow_question || is_of_question(problem)) && (
          <label class="choice">
            <input
              type="checkbox"
              checked={plan.allow_question}
              onChange={() => change({ allow_question: !plan.allow_question })}
            />
            <span>
              <b>Measure the question as it is</b>
              <small>the model is asked how likely a question is to be true</small>
            </span>
          </label>
        )}
        <div class="row">
          <button
            class="primary"
            disabled={is_sending || !can_measure}
            aria-keyshortcuts={kIsApple ? "Meta+Enter" : "Control+Enter"}
          >
            {is_sending ? "Sending …" : "Measure"}
          </button>
          <span class="quiet keys" aria-hidden="true">
            <kbd>{kIsApple ? "⌘" : "Ctrl"}</kbd> + <kbd>Enter</kbd>
          </span>
          {start.user ? (
            <span class="quiet">
              {start.user.usage.checks_used} of {start.user.usage.checks_allowed} checks used; each model takes one.
            </span>
          ) : (
            <span class="quiet">The first check needs no account.</span>
          )}
        </div>
      </form>
    </>
  );
}
