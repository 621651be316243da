// What a set says as a whole: what the beliefs are worth where the truth is known, who agrees with whom, and how much
// is due to the wording. Every picture has its numbers in a table beside it.
import type { Summary } from "../api";
import { percent, points } from "../words";

const name_of = (summary: Summary, model: number): string => summary.models[model]?.name ?? "";

const two = (value: number): string => (value < 0 ? `−${Math.abs(value).toFixed(2)}` : value.toFixed(2));
const three = (value: number): string => (value < 0 ? `−${Math.abs(value).toFixed(3)}` : value.toFixed(3));
const signed = (value: number): string => `${value > 0 ? "+" : ""}${three(value)}`;
const interval = (ci: [number, number] | null, shown: (value: number) => string): string =>
  ci ? `${shown(ci[0])} to ${shown(ci[1])}` : "too few claims";

const kSide = 100; // of a diagram, which its style stretches
const kHistogram = 18;

type Truth = Summary["truth"][number];

// The share of true claims against the belief: on the diagonal, a model knows what it knows. The band is where the line
// would lie by chance if it did.
function Reliability({ truth, name }: { truth: Truth; name: string }) {
  const x = (p: number) => (p * kSide).toFixed(2);
  const y = (p: number) => ((1 - p) * kSide).toFixed(2);
  const upper = truth.band_95.map(({ p, high }) => `${x(p)},${y(high)}`);
  const lower = truth.band_95.map(({ p, low }) => `${x(p)},${y(low)}`).reverse();
  const curve = truth.curve.flatMap(({ low, high, rate }) => [`${x(low)},${y(rate)}`, `${x(high)},${y(rate)}`]);
  const most = Math.max(1, ...truth.histogram.map(({ claims }) => claims));
  const told = truth.curve.map(
    ({ low, high, rate, count }) =>
      `of ${count} claims believed at ${percent(low)} to ${percent(high)}, ${percent(rate)} are true`,
  );
  return (
    <figure class="reliability">
      <figcaption>
        <b>{name}</b>
      </figcaption>
      <svg
        viewBox={`-1 -1 ${kSide + 2} ${kSide + kHistogram + 8}`}
        role="img"
        aria-label={`Reliability of ${name}: ${told.join("; ") || "all judged claims have one truth"}`}
      >
        <rect class="frame" x="0" y="0" width={kSide} height={kSide} />
        {upper.length > 1 && <polygon class="within" points={[...upper, ...lower].join(" ")} />}
        <line class="diagonal" x1="0" y1={kSide} x2={kSide} y2="0" />
        {curve.length > 1 && <polyline class="curve" points={curve.join(" ")} />}
        {truth.curve.map(({ low, high, rate }, i) => (
          <circle key={i} class="step" cx={x((low + high) / 2)} cy={y(rate)} r="1.8" />
        ))}
        {truth.histogram.map(({ from, to, claims }) => {
          const height = (claims / most) * kHistogram;
          return (
            <rect
              key={from}
              class="count"
              x={Number(x(from)) + 0.3}
              width={Math.max(0, (to - from) * kSide - 0.6)}
              y={kSide + 4 + kHistogram - height}
              height={height}
            />
          );
        })}
      </svg>
      <div class="under quiet" aria-hidden="true">
        <span>0 %</span>
        <span>what it believes</span>
        <span>100 %</span>
      </div>
    </figure>
  );
}

const kParts = [
  ["right", "right"],
  ["wrong", "wrong"],
  ["undecided", "at 50 %"],
  ["unstable", "unstable"],
  ["none", "no result"],
] as const;

function Outcome({ truth, name }: { truth: Truth; name: string }) {
  const told = kParts.flatMap(([part, word]) => (truth[part] > 0 ? [`${truth[part]} ${word}`] : []));
  return (
    <li class="outcome">
      <span class="name">{name}</span>
      <span class="stack" role="img" aria-label={`${name}: ${told.join(", ")} of ${truth.labelled} claims`}>
        {kParts.map(
          ([part]) =>
            truth[part] > 0 && (
              <i key={part} class={part} style={{ width: `${(truth[part] / Math.max(1, truth.labelled)) * 100}%` }} />
            ),
        )}
      </span>
      <span class="value">{told.join(", ")}</span>
    </li>
  );
}

function TruthPart({ summary }: { summary: Summary }) {
  const judged = summary.truth.filter((truth) => truth.labelled > 0);
  if (judged.length === 0) return null;
  return (
    <section>
      <h2>Where the truth is known</h2>
      <p class="quiet">
        The truth is what the uploaded table says. A stable belief on the right side of 50 % is right.
      </p>
      <ul class="outcomes">
        {judged.map((truth) => (
          <Outcome key={truth.model} truth={truth} name={name_of(summary, truth.model)} />
        ))}
      </ul>
      <h3>Reliability</h3>
      <p class="quiet">
        Of the claims that a model believes at 80 %, 80 % should be true. The line is what was found, from false at the
        left to true at the right; it should stay within the band, which is where chance would let a reliable model lie
        (95 %). The bars below count the claims.
      </p>
      <div class="diagrams">
        {judged.map((truth) => (
          <Reliability key={truth.model} truth={truth} name={name_of(summary, truth.model)} />
        ))}
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Brier scores">
        <table>
          <caption class="hidden">Brier score with its parts</caption>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col">Claims</th>
              <th scope="col">Brier score</th>
              <th scope="col">Miscalibration</th>
              <th scope="col">Discrimination</th>
              <th scope="col">Uncertainty</th>
            </tr>
          </thead>
          <tbody>
            {judged.map(({ model, judged: claims, scores }) => (
              <tr key={model}>
                <th scope="row">{name_of(summary, model)}</th>
                <td>{claims}</td>
                <td>{scores ? three(scores.brier) : ""}</td>
                <td>{scores ? three(scores.miscalibration) : ""}</td>
                <td>{scores ? three(scores.discrimination) : ""}</td>
                <td>{scores ? three(scores.uncertainty) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet small">
        The Brier score is miscalibration − discrimination + uncertainty: 0 is perfect, and 0.25 is what always saying
        50 % gets.
      </p>
      {summary.score_differences.length > 0 && (
        <>
          <h3>Differences between models</h3>
          <div class="scroll" tabIndex={0} role="region" aria-label="Differences between models">
            <table>
              <caption class="hidden">Paired differences, with the claims as clusters</caption>
              <thead>
                <tr>
                  <th scope="col">Models</th>
                  <th scope="col">Claims</th>
                  <th scope="col">Brier score, difference</th>
                  <th scope="col">95 % interval</th>
                  <th scope="col">Right, difference</th>
                  <th scope="col">95 % interval</th>
                </tr>
              </thead>
              <tbody>
                {summary.score_differences.map(({ a, b, claims, brier, right }) => (
                  <tr key={`${a} ${b}`}>
                    <th scope="row">
                      {name_of(summary, a)} − {name_of(summary, b)}
                    </th>
                    <td>{claims}</td>
                    <td>{claims > 0 ? signed(brier.difference) : ""}</td>
                    <td>{interval(brier.ci_95, signed)}</td>
                    <td>{claims > 0 ? points(right.difference) : ""}</td>
                    <td>{interval(right.ci_95, (value) => points(value))}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <p class="quiet small">
            On the claims about which both have a number; each claim is one pair. Below 0 the first model's Brier score
            is better. An interval that includes 0 leaves open which one is.
          </p>
        </>
      )}
    </section>
  );
}

const kSources: Record<string, string> = {
  claim: "the claim",
  model: "the model",
  wording: "the wording",
  "claim x model": "claim and model together",
  "claim x wording": "claim and wording together",
  "model x wording": "model and wording together",
  rest: "the rest",
};

function Components({ summary }: { summary: Summary }) {
  if (summary.components.length === 0) return null;
  return (
    <>
      <h3>What the beliefs depend on</h3>
      <ul class="outcomes">
        {summary.components.map(({ source, share }) => (
          <li class="outcome" key={source}>
            <span class="name">{kSources[source] ?? source}</span>
            <span class="stack plain-bar" aria-hidden="true">
              <i class="right" style={{ width: `${share * 100}%` }} />
            </span>
            <span class="value">{percent(share)} of the spread</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Agreement({ summary }: { summary: Summary }) {
  if (summary.agreement.length === 0) return null;
  return (
    <>
      <h3>Who agrees with whom</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Agreement">
        <table>
          <caption class="hidden">Pairs of models, those that agree most first</caption>
          <thead>
            <tr>
              <th scope="col">Models</th>
              <th scope="col">Claims</th>
              <th scope="col">Apart, on average</th>
              <th scope="col">95 % interval</th>
              <th scope="col">On the same side</th>
            </tr>
          </thead>
          <tbody>
            {summary.agreement.map(({ a, b, claims, distance, ci_95, same_side }) => (
              <tr key={`${a} ${b}`}>
                <th scope="row">
                  {name_of(summary, a)} and {name_of(summary, b)}
                </th>
                <td>{claims}</td>
                <td>{points(distance).replace("+", "")}</td>
                <td>{interval(ci_95, (value) => points(value).replace("+", ""))}</td>
                <td>{percent(same_side)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const kShownPulls = 8;

function Pulls({ summary }: { summary: Summary }) {
  const pulls = summary.wordings.slice(0, kShownPulls);
  if (pulls.length === 0) return null;
  return (
    <>
      <h3>Wordings that pull most</h3>
      <p class="quiet">
        How far a wording moves a belief away from what the other wordings of the same check say, in log-odds: above 0
        towards true.
      </p>
      <table class="pulls">
        <caption class="hidden">Wordings that pull most</caption>
        <thead>
          <tr>
            <th scope="col">Wording</th>
            <th scope="col">Pull</th>
            <th scope="col">95 % interval</th>
          </tr>
        </thead>
        <tbody>
          {pulls.map(({ wording, pull, ci_95 }) => (
            <tr key={wording}>
              <th scope="row">{wording.replace(/<claim>\s*\{CLAIM\}\s*<\/claim>/g, "…")}</th>
              <td>{two(pull)}</td>
              <td>{interval(ci_95, two)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

export function SummaryPart({ summary }: { summary: Summary }) {
  const has_across = summary.components.length + summary.agreement.length + summary.wordings.length > 0;
  return (
    <>
      <TruthPart summary={summary} />
      {has_across && (
        <section>
          <h2>Across the set</h2>
          <Agreement summary={summary} />
          <Components summary={summary} />
          <Pulls summary={summary} />
        </section>
      )}
    </>
  );
}
