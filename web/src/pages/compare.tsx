// Two checks: the difference with its interval, and the wordings that make it.
import { get, type Comparison, type StoredCheck } from "../api";
import { belief_of } from "../belief";
import { Loading, ProblemNote, useLoaded } from "../parts/common";
import { points, printed_pair } from "../words";

const kFindings: Record<Comparison["finding"], string> = {
  higher: "The first is higher than the second.",
  lower: "The first is lower than the second.",
  same: "They are the same, within 5 points.",
  inconclusive: "The answers do not show which is higher: ask more wordings.",
};
const place = (d: number) => `${(d + 1) * 50}%`;
const probability = (logit: number) => 1 / (1 + Math.exp(-logit));

export function ComparePage({ a, b }: { a: string; b: string }) {
  const { value, problem } = useLoaded(async () => {
    const [first, second, comparison] = await Promise.all([
      get<StoredCheck>(`/api/checks/${a}`),
      get<StoredCheck>(`/api/checks/${b}`),
      get<Comparison>(`/api/comparison?${new URLSearchParams({ a, b })}`),
    ]);
    return { first, second, comparison };
  }, `${a} ${b}`);
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
      <div class="scroll" tabIndex={0} role="region" aria-label="The two checks">
        <table class="compared">
          <thead>
            <tr>
              <th scope="col">Check</th>
              <th scope="col">Model</th>
              <th scope="col">Belief</th>
            </tr>
          </thead>
          <tbody>
            {[
              { check: first, belief: belief_a, shown: printed.a },
              { check: second, belief: belief_b, shown: printed.b },
            ].map(({ check, belief, shown }) => (
              <tr key={check.id}>
                <th scope="row">
                  <a href={`/checks/${check.id}`}>{check.claim}</a>
                </th>
                <td>{check.model}</td>
                <td>
                  {shown}
                  {belief?.is_stable === false && <small class="below">no stable belief</small>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
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
          <div class="scroll" tabIndex={0} role="region" aria-label="Table of wordings">
            <table>
              <thead>
                <tr>
                  <th scope="col">Wording</th>
                  <th scope="col">First</th>
                  <th scope="col">Second</th>
                  <th scope="col">Difference</th>
                </tr>
              </thead>
              <tbody>
                {comparison.templates.map((t, i) => {
                  const row = printed_pair(probability(t.a), probability(t.b));
                  return (
                    <tr key={i}>
                      <th scope="row">{t.wording.replace("<claim>{CLAIM}</claim>", "…")}</th>
                      <td>{row.a}</td>
                      <td>{row.b}</td>
                      <td>{points(row.difference, row.decimals)}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </>
  );
}
