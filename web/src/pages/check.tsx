// Watch a check being measured, and understand what came out. Several models stand side by side.
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";

import {
  get,
  post,
  remove,
  type Answers,
  type CheckRecord,
  type DecisionFacts,
  type Gate,
  type Labels,
  type Start,
  type StoredCheck,
} from "../api";
import { belief_of, mean_of_written, wording_means, type Belief, type WordingRow } from "../belief";
import { export_page } from "../export";
import { useCheck, type Arrived, type Live } from "../live";
import { keep_pace } from "../pace";
import { Confirm, CopyButton, Loading, MockNote, ProblemNote } from "../parts/common";
import { belief_cell, Forest, kMostMarks, Mark, Marks, Scale, SharedForest, WordingName } from "../parts/plots";
import { Strip } from "../parts/strip";
import { again_address, go, useTitle } from "../route";
import {
  dollars,
  duration,
  gate_advice,
  interval_in_words,
  leaning,
  log_odds,
  moment,
  percent,
  range_text,
  shown_model,
  state_in_words,
  wording_label,
} from "../words";
import { MissingCheck, MissingShare } from "./missing";

// Of a check that has ended, or as far as it has come. Null before the first answer.
function belief_so_far({ check, arrived }: Live): Belief | null {
  if (check?.record) return belief_of(check.record);
  const estimate = arrived?.estimate;
  return estimate ? { p: estimate.p, interval: estimate.ci95, is_stable: null, verdict: null } : null;
}

type Told = Answers["answers"][number];

const told_of = (answers: Answers | null, wording: number): Told[] =>
  answers?.answers.filter((one) => one.paraphrase_idx === wording) ?? [];

const sides_of = (told: Told[]): WordingRow["sides"] =>
  told.flatMap(({ sides }) => (sides && sides.negation !== null ? [{ ...sides, negation: sides.negation }] : []));

const by_number = (a: { wording: number }, b: { wording: number }) => a.wording - b.wording;

// The texts of the wordings come with the answers; those of a check under way with its events.
function rows_of(record: CheckRecord | null, arrived: Arrived | null, answers: Answers | null): WordingRow[] {
  const label = (text: string | undefined) => (text ? wording_label(text) : null);
  if (record) {
    const means = wording_means(record);
    const rows = record.templates.map((t, i) => {
      const told = told_of(answers, t.paraphrase_idx);
      return {
        wording: t.paraphrase_idx,
        text: label(told[0]?.wording ?? arrived?.texts.get(t.paraphrase_idx)),
        answers: [...t.prob_true, ...Array<null>(t.answered - t.usable).fill(null)],
        mean: means[i] ?? null,
        sides: sides_of(told),
      };
    });
    return rows.sort(by_number);
  }
  const rows = [...(arrived?.by_wording ?? [])].map(([wording, given]) => ({
    wording,
    text: label(arrived?.texts.get(wording)),
    answers: given,
    mean: mean_of_written(given.filter((a) => a !== null)),
    sides: [],
  }));
  return rows.sort(by_number);
}

const decision_of = (record: CheckRecord): DecisionFacts | null =>
  record.readout?.kind === "decision" ? record.readout : null;

function sides_lines(facts: DecisionFacts | null): [string, string | number][] {
  if (!facts) return [];
  return [
    ["p_claim", facts.claim ?? ""],
    ["p_negation", facts.negation ?? ""],
    ["yes_bias", facts.yes_bias?.log_odds ?? ""],
    ["yes_bias_low", facts.yes_bias?.low ?? ""],
    ["yes_bias_high", facts.yes_bias?.high ?? ""],
    ["contradicting_share", facts.contradicting_share ?? ""],
    ["step", facts.step],
  ];
}

function numbers_text(check: StoredCheck, record: CheckRecord): string {
  const { p, interval, is_stable, verdict } = belief_of(record);
  const means = wording_means(record);
  const lines = [
    ["claim", check.claim],
    ["model", shown_model(check)],
    ["p", p],
    ["low", interval?.[0] ?? ""],
    ["high", interval?.[1] ?? ""],
    ["stable", is_stable ?? ""],
    ["verdict", verdict ?? ""],
    ["run_id", check.run_id],
    ...sides_lines(decision_of(record)),
    ["wording", "p"],
    ...record.templates.map((t, i) => [t.paraphrase_idx + 1, means[i] ?? ""]),
  ];
  // A spreadsheet must not take a claim for a formula.
  return lines
    .map((cells) =>
      cells
        .map((cell) =>
          String(cell)
            .replace(/[\t\r\n]+/g, " ")
            .replace(/^([=+\-@])(?!\d)/, "'$1"),
        )
        .join("\t"),
    )
    .join("\n");
}

// The largest thing on the page: the number with its interval, or that there is no stable belief.
function Figure({ belief }: { belief: Belief | null }) {
  if (!belief) return <span class="quiet">no answer yet</span>;
  const { p, interval, is_stable, verdict } = belief;
  const range = interval ? range_text(interval) : "no interval yet";
  const is_number = is_stable !== false;
  return (
    <>
      <strong class={is_number ? undefined : "in-words"}>{is_number ? percent(p) : verdict}</strong>{" "}
      <span class="range">{is_number ? range : `${percent(p)}, ${range}`}</span>
    </>
  );
}

function InWords({ belief, is_final }: { belief: Belief; is_final: boolean }) {
  const { p, interval, is_stable, verdict } = belief;
  if (is_stable === false)
    return (
      <p>
        What the model answers depends on the wording, so no single number stands for what it believes. The centre of
        all wordings is {percent(p)}. {interval && interval_in_words(interval)}
      </p>
    );
  return (
    <p>
      {is_final ? "The model is" : "So far it is"} {leaning(p)}: it gives the claim {percent(p)}.{" "}
      {interval && interval_in_words(interval)}
      {verdict && (
        <>
          {" "}
          Verdict: <b>{verdict}</b>.
        </>
      )}
    </p>
  );
}

interface HeadlineProps {
  belief: Belief | null;
  failed: Gate[];
  rows: WordingRow[];
  is_final: boolean;
  selected: number | null;
  onSelect: (wording: number) => void;
}

function Headline({ belief, failed, rows, is_final, selected, onSelect }: HeadlineProps) {
  return (
    <div class="headline">
      <p class="figure" aria-live="polite" aria-atomic="true">
        <Figure belief={belief} />
      </p>
      <Strip
        rows={rows}
        belief={belief}
        label={is_final ? "Estimate" : "Estimate so far"}
        is_final={is_final}
        selected={selected}
        onSelect={onSelect}
      />
      {belief && <InWords belief={belief} is_final={is_final} />}
      {failed.map((gate) => (
        <p class="advice" key={gate.name}>
          The gate {gate.name} fails: {gate.observed?.toFixed(2) ?? "none"}, where{" "}
          {gate.bound === "at_least" ? "at least" : "at most"} {gate.limit} is required ({gate.meaning}).
        </p>
      ))}
    </div>
  );
}

function ProgressLine({
  check,
  arrived,
  is_connected,
}: {
  check: StoredCheck;
  arrived: Arrived | null;
  is_connected: boolean;
}) {
  const [now, tick] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => tick(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const cancel = () => post(`/api/checks/${check.id}/cancel`).catch(() => undefined);
  const fresh = arrived ? arrived.answered - arrived.answered_at_first : 0;
  const left =
    arrived && fresh > 0 ? ((now - arrived.began) / 1000 / fresh) * (arrived.questions - arrived.answered) : null;
  return (
    <div class="progress">
      <progress max={arrived?.questions || 1} value={arrived?.answered ?? 0} aria-label="Answers" />
      <p class="row">
        <span role="status">
          {arrived
            ? `${arrived.answered} of ${arrived.questions} answers`
            : check.state === "queued"
              ? "Waiting for a free worker"
              : "Beginning"}
          {arrived?.refused ? `, ${arrived.refused} refused` : ""}
          {left !== null && left > 0.5 ? `, about ${duration(left)} left` : ""}
          {arrived?.billed_micro_usd ? `, ${dollars(arrived.billed_micro_usd)} so far` : ""}
          {!is_connected && "; the connection was lost and is being restored. Nothing is lost."}
        </span>
        <button type="button" class="plain" disabled={check.cancel_requested} onClick={cancel}>
          Cancel
        </button>
      </p>
    </div>
  );
}

// What was sent for one wording, and what came back.
function PromptAndAnswers({ told }: { told: Told[] }) {
  return (
    <>
      <h4>Prompt</h4>
      <pre>{told[0]?.prompt}</pre>
      {told[0]?.negated_prompt && (
        <>
          <h4>Its negation</h4>
          <pre>{told[0].negated_prompt}</pre>
        </>
      )}
      <h4>{told.length === 1 ? "Answer" : "Answers"}</h4>
      {told.map((answer, i) => (
        <div class="said" key={i}>
          <b>
            {answer.refused_for
              ? `refused: ${answer.refused_for.replaceAll("_", " ")}`
              : answer.prob_true === null
                ? "no number"
                : percent(answer.prob_true)}
          </b>
          {answer.sides && (
            <span>
              {" "}
              from {percent(answer.sides.claim)} for the statement
              {answer.sides.negation !== null && <> and {percent(answer.sides.negation)} for its negation</>}
            </span>
          )}
          {answer.sides?.contradict && <span class="advice"> The two sides contradict each other.</span>}
          {answer.note === "contradicts_label" && (
            <span class="advice"> The number contradicts the answer's own label.</span>
          )}
          <pre>{answer.raw_text ?? "(not kept)"}</pre>
        </div>
      ))}
    </>
  );
}

// Beside the forest: the wording that is pointed at.
function WordingDetail({ answers, row }: { answers: Answers | null; row: WordingRow | null }) {
  if (!row) return <p class="quiet">Point at a wording to see its exact prompt and answers.</p>;
  const told = told_of(answers, row.wording);
  return (
    <>
      <h3>
        Wording {row.wording + 1}
        {row.mean !== null && `: ${percent(row.mean)}`}
      </h3>
      {told.length > 0 ? (
        <PromptAndAnswers told={told} />
      ) : (
        <p class="quiet">{answers ? "It was not asked." : "Prompt and answers are shown once the check has ended."}</p>
      )}
    </>
  );
}

// Every word that was sent and that came back: folded on the screen, open on paper, and in every saved page.
function EveryAnswer({ followed: { answers, problem }, rows }: { followed: Followed; rows: WordingRow[] }) {
  if (!answers) return problem ? <ProblemNote problem={problem} /> : <Loading />;
  return (
    <section aria-label="Every prompt and answer" class="every">
      <h2>Every prompt and answer</h2>
      <details>
        <summary>How every question begins</summary>
        <pre>{answers.system}</pre>
      </details>
      {rows.map((row) => (
        <details key={row.wording}>
          <summary>
            <WordingName wording={row.wording} text={row.text} />{" "}
            <b class="value">{row.mean === null ? "no usable answer" : percent(row.mean)}</b>
          </summary>
          <PromptAndAnswers told={told_of(answers, row.wording)} />
        </details>
      ))}
    </section>
  );
}

function yes_bias_in_words({ log_odds: value, low, high }: NonNullable<DecisionFacts["yes_bias"]>): string {
  const range = low === undefined || high === undefined ? "" : ` (${log_odds(low)} to ${log_odds(high)}, 95 %)`;
  const is_clear = low !== undefined && high !== undefined && (low > 0 || high < 0);
  const what = !is_clear
    ? "it is not clear that there is one"
    : value > 0
      ? "it says yes to both sides more than is coherent"
      : "it says no to both sides more than is coherent";
  return `Yes-bias: ${log_odds(value)} in log-odds${range}; ${what}.`;
}

// What the model stated about the claim and about its negation.
function BothSides({ facts }: { facts: DecisionFacts }) {
  if (facts.claim === undefined) return null;
  const is_asked = facts.negation !== undefined && facts.yes_bias !== undefined;
  return (
    <section aria-label="Both sides">
      <h2>Both sides</h2>
      <div class="sides">
        <div>
          <span>The claim gets {percent(facts.claim)}</span>
          <Scale p={facts.claim} interval={null} label="The claim" />
        </div>
        {facts.negation !== undefined && (
          <div>
            <span>Its negation gets {percent(facts.negation)}</span>
            <Scale p={facts.negation} interval={null} label="Its negation" />
          </div>
        )}
      </div>
      {is_asked ? (
        <ul class="plain-list">
          <li>
            Together they add up to {percent(facts.sum_mean ?? 0)} on average; for a coherent model it would be 100 %.
          </li>
          <li>
            {facts.yes_bias && yes_bias_in_words(facts.yes_bias)} The belief above is free of it: half of the difference
            of the two log-odds.
          </li>
          <li>
            {facts.contradicting === 0 ? (
              "No wording contradicts its own negation."
            ) : (
              <span class="advice">
                {facts.contradicting} of {facts.answers} wordings contradict their own negation: both sides are called
                likely, or both unlikely.
              </span>
            )}
          </li>
          {facts.step > 0 && (
            <li>The model's numbers come in steps of {facts.step}; the range above allows for that.</li>
          )}
        </ul>
      ) : (
        <p class="note">
          The negations were not asked: a tendency to say yes is part of this belief, and neither it nor a contradiction
          can be seen.
        </p>
      )}
    </section>
  );
}

function labelsInWords(labels: Labels) {
  const from = labels.wordings
    .filter((w) => w.contradicting > 0)
    .map((w) => `${w.paraphrase_idx + 1} (${w.contradicting} of ${w.judged})`);
  return `${labels.contradicting} of ${labels.judged} answers contradict their own label; they are from the wordings ${from.join(", ")}.`;
}

// These two judge the frozen estimate and stand beside it.
const kFrozenGates = ["stability", "precision"];

function GateList({ gates, labels }: { gates: Gate[]; labels?: Labels }) {
  return (
    <ul class="gates">
      {gates.map((gate) => (
        <li key={gate.name} class={gate.passed ? "passed" : "failed"}>
          <b>
            {gate.passed ? "✓" : "✗"} {gate.name}
          </b>{" "}
          {gate.meaning}: {gate.observed?.toFixed(2) ?? "none"}, {gate.bound === "at_least" ? "at least" : "at most"}{" "}
          {gate.limit} is required.
          {!gate.passed && gate.name === "labels" && labels && <span class="advice"> {labelsInWords(labels)}</span>}
          {!gate.passed && gate_advice(gate.name) && <span class="advice"> What to do: {gate_advice(gate.name)}.</span>}
        </li>
      ))}
    </ul>
  );
}

function use_in_words({ is_stable }: Belief, gates: Gate[]): string {
  if (is_stable === false) return "Only with care: there is no stable belief.";
  if (!gates.every((gate) => gate.passed)) return "Only with care: not every gate is passed.";
  return is_stable ? "Yes: the belief is stable, and every gate is passed." : "Every gate is passed.";
}

// Those that judge the belief.
function gates_of(record: CheckRecord): Gate[] {
  return record.gates.filter((gate) => !kFrozenGates.includes(gate.name));
}

function Gates({ record }: { record: CheckRecord }) {
  const gates = gates_of(record);
  return (
    <section aria-label="Gates">
      <h2>Can it be used?</h2>
      <p>
        {use_in_words(belief_of(record), gates)} {record.usable} of {record.answered} answers have the agreed form.
      </p>
      <GateList gates={gates} labels={record.labels} />
    </section>
  );
}

// What was shown first before belief_v2. Nobody should have to choose between two intervals, so it is folded away.
function EarlierNumbers({ record }: { record: CheckRecord }) {
  const { estimate, honest } = record;
  return (
    <details class="earlier">
      <summary>For comparison with earlier runs</summary>
      <p>
        Earlier versions of Heretix showed these numbers. They take a written 0 or 1 for complete certainty, which the
        belief above does not.
      </p>
      <dl class="facts">
        <dt>Frozen estimate</dt>
        <dd>
          {percent(estimate.prob_true_rpl)}
          {estimate.ci && `, ${range_text(estimate.ci)}`}
        </dd>
        <dt>Honest interval</dt>
        <dd>
          {percent(honest.p)}
          {honest.ci && `, ${range_text(honest.ci)}`}
        </dd>
        <dt>Verdict</dt>
        <dd>{record.verdict}</dd>
        <dt>Stability</dt>
        <dd>
          {estimate.stability_score.toFixed(2)} ({estimate.stability_band})
        </dd>
        <dt>Quality</dt>
        <dd>{record.pqs} of 100</dd>
      </dl>
      <GateList gates={record.gates.filter((gate) => kFrozenGates.includes(gate.name))} />
    </details>
  );
}

function Limits() {
  return (
    <section aria-label="What this does not say">
      <h2>What this does not say</h2>
      <ul>
        <li>Whether the claim is true. It is what the model says when asked, without looking anything up.</li>
        <li>What the model would do or write elsewhere: only these wordings were asked.</li>
        <li>
          That the interval covers a change of the model, its version or the day. It covers only wording and chance.
        </li>
      </ul>
    </section>
  );
}

function Sharing({ check }: { check: StoredCheck }) {
  const [share, set] = useState(check.share);
  const [problem, tell] = useState<Error | null>(null);
  const path = `/api/checks/${check.id}/share`;
  const on = () => post<{ share: string }>(path).then((told) => set(told.share), tell);
  const off = () => remove(path).then(() => set(null), tell);
  const address = `${location.origin}/shared/${share}`;
  const frame = `<iframe src="${address}/frame" width="600" height="330" loading="lazy" title="Heretix"></iframe>`;
  return (
    <div class="sharing no-print">
      {share ? (
        <>
          <p>
            Anyone with this address can read the result: <a href={`/shared/${share}`}>{address}</a>
          </p>
          <p class="row">
            <CopyButton text={() => address} label="Copy the address" />
            <CopyButton text={() => frame} label="Copy a frame to embed" />
            <a class="button plain" href={`/shared/${share}/card.svg`}>
              See its card
            </a>
            <button type="button" class="plain" onClick={off}>
              Stop sharing
            </button>
          </p>
        </>
      ) : (
        <button type="button" class="plain" onClick={on}>
          Share by an address
        </button>
      )}
      <ProblemNote problem={problem} />
    </div>
  );
}

interface ActionsProps {
  check: StoredCheck;
  record: CheckRecord;
  is_own: boolean;
  is_whole: boolean; // prompts and answers are on the page, so that they are in what is printed or saved
}

function Actions({ check, record, is_own, is_whole }: ActionsProps) {
  const [is_doomed, doom] = useState(false);
  const [failed, fail] = useState<Error | null>(null);
  return (
    <div class="row actions no-print">
      <CopyButton text={() => numbers_text(check, record)} label="Copy the numbers" />
      <button type="button" class="plain" disabled={!is_whole} onClick={() => print()}>
        Print
      </button>
      <button
        type="button"
        class="plain"
        disabled={!is_whole}
        onClick={() => export_page(`heretix-${check.id.slice(0, 8)}.html`, check.claim)}
      >
        Save as one file
      </button>
      {is_own && (
        <a class="button plain" href={again_address(check)}>
          Measure again
        </a>
      )}
      {is_own && (
        <a class="button plain" href={`/claims/${check.id}`}>
          Belief over time
        </a>
      )}
      {is_own && (
        <button type="button" class="plain" onClick={() => doom(true)}>
          Delete
        </button>
      )}
      {is_doomed && (
        <Confirm
          title="Delete this check?"
          action="Delete"
          onYes={() => remove(`/api/checks/${check.id}`).then(() => go("/history"), fail)}
          onNo={() => doom(false)}
        >
          <p>It cannot be restored, and it still counts as used.</p>
          <ProblemNote problem={failed} />
        </Confirm>
      )}
    </div>
  );
}

// A check as the page follows it; its answers once it has ended.
interface Followed {
  live: Live;
  answers: Answers | null;
  problem: Error | null; // why there are no answers
}

function useFollowed(path: string): Followed {
  const live = useCheck(path);
  const [answers, keep] = useState<Answers | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const is_done = live.check?.state === "done";
  useEffect(() => {
    if (is_done) get<Answers>(`${path}/answers`).then(keep, tell);
  }, [is_done, path]);
  return useMemo(() => ({ live, answers, problem }), [live, answers, problem]);
}

function One({ followed, is_own }: { followed: Followed; is_own: boolean }) {
  const { live, answers } = followed;
  const { check, arrived } = live;
  const [selected, select] = useState<number | null>(null);
  const is_done = check?.state === "done";
  useEffect(() => {
    if (is_done && arrived && arrived.answered > arrived.answered_at_first)
      keep_pace(
        check.model,
        (performance.now() - arrived.began) / 1000 / (arrived.answered - arrived.answered_at_first),
      );
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when the check has ended
  }, [is_done]);
  if (!check) return live.problem ? <ProblemNote problem={live.problem} /> : <Loading />;
  const record = check.record;
  const decision = record && decision_of(record);
  const belief = belief_so_far(live);
  const rows = rows_of(record, arrived, answers);
  const is_under_way = check.state === "queued" || check.state === "running";
  return (
    <article class="check">
      <p class="quiet meta">
        {shown_model(check)} ·{" "}
        {is_under_way
          ? state_in_words[check.state]
          : `${state_in_words[check.state]} ${moment(check.finished_at ?? check.created_at)}`}
        {check.was_cached && " · measured before, not charged"}
      </p>
      {check.mock && <MockNote />}
      {is_under_way && <ProgressLine check={check} arrived={arrived} is_connected={live.is_connected} />}
      {check.state === "failed" && (
        <p class="note problem" role="alert">
          The check failed: {check.error?.detail}. It was not charged.
        </p>
      )}
      {check.state === "cancelled" && (
        <p class="note">The check was cancelled. It was not charged; answers that had arrived are kept.</p>
      )}
      {(is_under_way || record) && (
        <Headline
          belief={belief}
          failed={record ? gates_of(record).filter((gate) => !gate.passed) : []}
          rows={rows}
          is_final={record !== null}
          selected={selected}
          onSelect={select}
        />
      )}
      {record && (
        <Actions
          check={check}
          record={record}
          is_own={is_own}
          is_whole={answers !== null || followed.problem !== null}
        />
      )}
      {(is_under_way || record) && (
        <section aria-label="Wordings">
          <h2>By wording</h2>
          <div class="with-detail">
            <Forest rows={rows} selected={selected} onSelect={select} belief={belief} />
            <aside class="detail" aria-label="Wording in detail">
              <WordingDetail answers={answers} row={rows.find(({ wording }) => wording === selected) ?? null} />
            </aside>
          </div>
        </section>
      )}
      {record && decision && <BothSides facts={decision} />}
      {record && <Gates record={record} />}
      {record && <EveryAnswer followed={followed} rows={rows} />}
      {record && <Limits />}
      {record && (
        <section aria-label="Record">
          <h2>Record</h2>
          <dl class="facts">
            <dt>Run</dt>
            <dd>
              <code>{check.run_id}</code>
            </dd>
            <dt>Prompt bank</dt>
            <dd>{record.config.prompt_version}</dd>
            {record.readout && (
              <>
                <dt>Read by</dt>
                <dd>{record.readout.kind}</dd>
              </>
            )}
            <dt>Plan</dt>
            <dd>
              K {record.config.K}, R {record.config.R}, T {record.config.T}
            </dd>
            <dt>Cost</dt>
            <dd>
              {dollars(record.execution.billed_micro_usd)}, {record.execution.attempts} attempts
            </dd>
            <dt>Answers</dt>
            <dd>
              <code>{record.answers_sha256.slice(0, 16)}…</code> (SHA-256)
            </dd>
          </dl>
          <EarlierNumbers record={record} />
        </section>
      )}
      {record && is_own && <Sharing check={check} />}
    </article>
  );
}

function Watched({ id, onFollowed }: { id: string; onFollowed: (id: string, followed: Followed) => void }) {
  const followed = useFollowed(`/api/checks/${id}`);
  useEffect(() => onFollowed(id, followed), [id, followed, onFollowed]);
  return <One followed={followed} is_own />;
}

// What every model says to every wording, in one picture.
function ModelsByWording({ models, rows }: { models: string[]; rows: WordingRow[][] }) {
  const asked = new Map(rows.flat().map((row) => [row.wording, row]));
  return (
    <SharedForest
      caption="Every wording, by all models"
      columns={["Wording", "Belief"]}
      rows={[...asked.values()].sort(by_number).map(({ wording, text }) => {
        const values = rows.map((of_model) => of_model.find((row) => row.wording === wording)?.mean ?? null);
        return {
          name: <WordingName wording={wording} text={text} />,
          picture: (
            <Marks
              values={values}
              label={values
                .map((value, i) => `${models[i]}: ${value === null ? "no answer" : percent(value)}`)
                .join(", ")}
            />
          ),
          cells: [
            <span class="marked">
              {values.map((value, i) => (
                <span key={i}>
                  <Mark of={i} /> {value === null ? "–" : percent(value)}
                </span>
              ))}
            </span>,
          ],
        };
      })}
    />
  );
}

// One prompt bank is asked of all of them, and few enough to be told apart.
function share_wordings(checks: StoredCheck[]): boolean {
  const banks = new Set(checks.map(({ record }) => record?.config.prompt_version));
  return checks.length <= kMostMarks && banks.size === 1 && !banks.has(undefined);
}

function SideBySide({ all, is_own }: { all: Followed[]; is_own: boolean }) {
  const checks = all.flatMap(({ live }) => live.check ?? []);
  const rows = all.map(({ live, answers }) => rows_of(live.check?.record ?? null, live.arrived, answers));
  const has_wordings = checks.length === all.length && share_wordings(checks);
  return (
    <section aria-label="Models side by side" class="side">
      <SharedForest
        caption="Models side by side"
        columns={["Model", "Belief"]}
        rows={all.map(({ live }, i) => {
          const { check } = live;
          const belief = belief_so_far(live);
          return {
            name: (
              <>
                {has_wordings && <Mark of={i} />} {check ? shown_model(check) : "…"}
              </>
            ),
            picture: (
              <Scale
                p={belief?.p ?? null}
                interval={belief?.interval ?? null}
                is_stable={belief?.is_stable}
                label={check ? shown_model(check) : "Model"}
                faint={rows[i]?.flatMap(({ mean }) => mean ?? [])}
              />
            ),
            cells: [belief_cell(belief, check ? state_in_words[check.state] : "…")],
          };
        })}
      />
      {is_own && all.length === 2 && checks.length === 2 && checks.every(({ state }) => state === "done") && (
        <p>
          <a href={`/compare?a=${checks[0]?.id}&b=${checks[1]?.id}`}>What is the difference?</a>
        </p>
      )}
      {has_wordings && (
        <>
          <h2>All models, wording by wording</h2>
          <ModelsByWording models={checks.map(shown_model)} rows={rows} />
        </>
      )}
    </section>
  );
}

const kNothingYet: Followed = {
  live: { check: null, arrived: null, problem: null, is_connected: true },
  answers: null,
  problem: null,
};

interface ChecksProps {
  start: Start;
  ids: string[];
  refused: string | null;
}

export function ChecksPage({ start, ids, refused }: ChecksProps) {
  const [followed, set] = useState<Record<string, Followed>>({});
  const keep = useCallback((id: string, one: Followed) => set((now) => ({ ...now, [id]: one })), []);
  const all = ids.map((id) => followed[id] ?? kNothingYet);
  const claim = all.find(({ live }) => live.check)?.live.check?.claim;
  useTitle(claim ?? "Check");
  if (all.every(({ live }) => live.problem?.status === 404)) return <MissingCheck start={start} />;
  return (
    <>
      <p class="quiet eyebrow">Claim</p>
      <h1 class="claim">{claim ?? "…"}</h1>
      {refused && (
        <p class="note problem" role="alert">
          Not asked, because no check was left: {refused}. <a href="/usage">See your plan</a>
        </p>
      )}
      {ids.length > 1 && <SideBySide all={all} is_own />}
      {ids.map((id) => (
        <Watched key={id} id={id} onFollowed={keep} />
      ))}
    </>
  );
}

// How others cite a shared result, and how they check it without trusting this page.
function Citation({ share, check }: { share: string; check: StoredCheck }) {
  const address = `${location.origin}/shared/${share}`;
  const file = `heretix-${check.run_id.slice(-12)}.json`;
  const cited =
    `“${check.claim}”: ${check.finding ?? ""} Measured with Heretix, ` +
    `${moment(check.finished_at ?? check.created_at)}, run ${check.run_id}. ${address}`;
  const verified = `curl -o ${file} ${location.origin}/api/shared/${share}/record && heretix verify ${file}`;
  return (
    <section aria-label="Cite and verify">
      <h2>Cite and verify</h2>
      <p>{cited}</p>
      <p class="row">
        <CopyButton text={() => cited} label="Copy the citation" />
      </p>
      <p>This command recomputes every number of this page from the answers, on your own machine:</p>
      <pre class="prompt">{verified}</pre>
      <p class="row">
        <CopyButton text={() => verified} label="Copy the command" />
      </p>
    </section>
  );
}

function WatchedShare({ share, onFollowed }: { share: string; onFollowed: (id: string, followed: Followed) => void }) {
  const followed = useFollowed(`/api/shared/${encodeURIComponent(share)}`);
  useEffect(() => onFollowed(share, followed), [share, followed, onFollowed]);
  const { check } = followed.live;
  return (
    <>
      <One followed={followed} is_own={false} />
      {check?.record && <Citation share={share} check={check} />}
    </>
  );
}

export function SharedPage({ shares }: { shares: string[] }) {
  const [followed, set] = useState<Record<string, Followed>>({});
  const keep = useCallback((share: string, one: Followed) => set((now) => ({ ...now, [share]: one })), []);
  const all = shares.map((share) => followed[share] ?? kNothingYet);
  const checks = all.flatMap(({ live }) => live.check ?? []);
  const claim = checks[0]?.claim;
  useTitle(claim ?? "Shared result");
  if (all.some(({ live }) => live.problem?.status === 404)) return <MissingShare />;
  return (
    <>
      <p class="quiet eyebrow">{shares.length > 1 ? "Shared results" : "A shared result"}</p>
      <h1 class="claim">{claim ?? "…"}</h1>
      {checks.map((check) => check.finding && <p class="lead">{check.finding}</p>)}
      {shares.length > 1 && <SideBySide all={all} is_own={false} />}
      {shares.map((share) => (
        <WatchedShare key={share} share={share} onFollowed={keep} />
      ))}
    </>
  );
}
