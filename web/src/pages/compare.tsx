// Two checks: the difference with its interval, and the wordings that make it.
import { get, is_not_found, type Comparison, type Start, type StoredCheck } from "../api";
import { belief_of, wording_means } from "../belief";
import { Loading, ProblemNote, useLoaded } from "../parts/common";
import { belief_cell, Mark, Marks, Scale, SharedForest } from "../parts/plots";
import { useTitle } from "../route";
import { kNoSuchCheck, MissingCheck } from "./missing";
import { points, printed_pair, shown_model, wording_label } from "../words";

const kFindings: Record<Comparison["finding"], string> = {
  higher: "The first is higher than the second.",
  lower: "The first is lower than the second.",
  same: "They are the same, within 5 points.",
  inconclusive: "The answers do not show which is higher: ask more wordings.",
};
const place = (d: number) => `${(d + 1) * 50}%`;
const probability = (logit: number) => 1 / (1 + Math.exp(-logit));

// The largest printed difference first, since it is the printed one that people see; equal ones by what was rounded.
function by_difference(templates: Comparison["templates"]) {
  return templates
    .map(({ wording, a, b }) => {
      const values = { a: probability(a), b: probability(b) };
      return { wording, ...values, printed: printed_pair(values.a, values.b) };
    })
    .sort(
      (one, other) =>
        Math.abs(other.printed.difference) - Math.abs(one.printed.difference) ||
        Math.abs(other.a - other.b) - Math.abs(one.a - one.b),
    );
}

const compared_title = (a: StoredCheck, b: StoredCheck): string =>
  a.claim === b.claim ? `${a.claim}: ${shown_model(a)} and ${shown_model(b)}` : `${a.claim} and ${b.claim}`;

export function ComparePage({ start, a, b }: { start: Start; a: string; b: string }) {
  const { value, problem } = useLoaded(async () => {
    const [first, second, comparison] = await Promise.all([
      get<StoredCheck>(`/api/checks/${a}`),
      get<StoredCheck>(`/api/checks/${b}`),
      get<Comparison>(`/api/comparison?${new URLSearchParams({ a, b })}`),
    ]);
    return { first, second, comparison };
  }, `${a} ${b}`);
  const is_missing = is_not_found(problem);
  useTitle(value ? compared_title(value.first, value.second) : is_missing ? kNoSuchCheck : "Compare");
  if (is_missing) return <MissingCheck start={start} />;
  if (problem)
    return (
      <>
        <h1>Compare</h1>
        <ProblemNote problem={problem} />
      </>
    );
  if (!value) return <Loading />;
  const { first, second, comparison } = value;
  const interval = comparison.interval as [number, number] | null;
  const [belief_a, belief_b] = [first, second].map(({ record }) => (record ? belief_of(record) : null));
  const printed = printed_pair(belief_a?.p ?? comparison.p_a, belief_b?.p ?? comparison.p_b);
  const difference = points(printed.difference, printed.decimals);
  const is_hollow = belief_a?.is_stable === false || belief_b?.is_stable === false;
  return (
    <>
      <h1>Compare</h1>
      <section aria-label="The two checks" class="side">
        <SharedForest
          caption="The two checks"
          columns={["Check", "Belief"]}
          rows={[
            { check: first, belief: belief_a, shown: printed.a },
            { check: second, belief: belief_b, shown: printed.b },
          ].map(({ check, belief, shown }, i) => ({
            name: (
              <>
                <Mark of={i} /> <a href={`/checks/${check.id}`}>{check.claim}</a>
                <small class="below">{shown_model(check)}</small>
              </>
            ),
            picture: (
              <Scale
                p={belief?.p ?? null}
                interval={belief?.interval ?? null}
                is_stable={belief?.is_stable}
                label={shown_model(check)}
                faint={check.record ? wording_means(check.record).filter((mean) => mean !== null) : []}
              />
            ),
            cells: [belief_cell(belief ?? null, shown, shown)],
          }))}
        />
      </section>
      <section aria-label="Difference" class="headline">
        <p class="figure">
          <strong>{difference}</strong>{" "}
          <span class="range">
            {interval
              ? `${points(interval[0], printed.decimals)} to ${points(interval[1], printed.decimals)} (95 %)`
              : "no interval"}
          </span>
        </p>
        <div
          class="track scale"
          role="img"
          aria-label={`Difference ${difference}${is_hollow ? ", not both have a stable belief" : ""}`}
        >
          <i class="middle" />
          {interval && (
            <i class="band" style={{ left: place(interval[0]), width: `${(interval[1] - interval[0]) * 50}%` }} />
          )}
          <i class={is_hollow ? "point hollow" : "point"} style={{ left: place(printed.difference) }} />
        </div>
        <div class="axis" aria-hidden="true">
          <span style={{ left: "0%" }}>−100</span>
          <span style={{ left: "50%" }}>0</span>
          <span style={{ left: "100%" }}>+100</span>
        </div>
        <p>
          {kFindings[comparison.finding]}{" "}
          {comparison.is_paired
            ? "Compared wording by wording."
            : "Different wordings were asked, so this is less precise."}
          {comparison.p_value !== null && ` p = ${comparison.p_value.toPrecision(2)}.`}
        </p>
      </section>
      {comparison.templates.length > 0 && (
        <section aria-label="Wordings">
          <h2>By wording, largest difference first</h2>
          <SharedForest
            caption="Wordings"
            columns={["Wording", "First", "Second", "Difference"]}
            rows={by_difference(comparison.templates).map(({ wording, a: of_a, b: of_b, printed: row }) => ({
              name: wording_label(wording),
              picture: <Marks values={[of_a, of_b]} label={`First ${row.a}, second ${row.b}`} />,
              cells: [row.a, row.b, points(row.difference, row.decimals)],
            }))}
          />
        </section>
      )}
    </>
  );
}
