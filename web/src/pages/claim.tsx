// What models have believed about one claim, day by day, and whether it is measured again and again.
import { useState } from "preact/hooks";

import { get, is_not_found, post, remove, type History, type Repeat, type Start } from "../api";
import { Loading, ProblemNote, useLoaded } from "../parts/common";
import { useTitle } from "../route";
import { percent, shown_model } from "../words";
import { kNoSuchCheck, MissingCheck } from "./missing";

interface Repeating {
  line: History["lines"][number];
  repeat: Repeat | undefined; // empty: it is not measured again and again
  onChange: () => void;
}

function Weekly({ line, repeat, onChange }: Repeating) {
  const [problem, tell] = useState<Error | null>(null);
  const latest = line.points[line.points.length - 1];
  const begin = () => post(`/api/checks/${latest?.name}/repeat`, { every_days: 7 }).then(onChange, tell);
  const end = () => remove(`/api/repeats/${repeat?.id}`).then(onChange, tell);
  return (
    <div class="no-print">
      {repeat ? (
        <p class="row">
          <span>
            Measured every {repeat.every_days} days, next {repeat.next_at.slice(0, 10)}.
            {repeat.trouble && ` The last time it was not granted: ${repeat.trouble}`}
          </span>
          <button type="button" class="plain" onClick={end}>
            Stop measuring weekly
          </button>
        </p>
      ) : (
        <p class="row">
          <button type="button" class="plain" onClick={begin}>
            Measure weekly
          </button>
        </p>
      )}
      <ProblemNote problem={problem} />
    </div>
  );
}

function Days({ line }: { line: History["lines"][number] }) {
  return (
    <section aria-label={shown_model(line)}>
      <h2>{shown_model(line)}</h2>
      <p class="quiet">
        Read by {line.readout}, prompt bank {line.bank}
      </p>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Belief</th>
              <th scope="col">95 % interval</th>
              <th scope="col">Version</th>
            </tr>
          </thead>
          <tbody>
            {[...line.points].reverse().map((point) => (
              <tr key={point.day}>
                <th scope="row">
                  <a href={`/checks/${point.name}`}>{point.day}</a>
                  {point.runs > 1 && <span class="quiet"> last of {point.runs}</span>}
                </th>
                <td>{point.stable === false ? "no stable belief" : percent(point.p)}</td>
                <td>{point.ci ? `${percent(point.ci[0] ?? 0)} to ${percent(point.ci[1] ?? 1)}` : "–"}</td>
                <td>
                  {point.answered_by.join(", ")}
                  {point.is_new_version && <strong> (new)</strong>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function ClaimPage({ start, id }: { start: Start; id: string }) {
  const path = `/api/checks/${encodeURIComponent(id)}/history`;
  const [changes, count] = useState(0);
  const { value: repeated } = useLoaded(
    async () => (start.user ? (await get<{ repeats: Repeat[] }>("/api/repeats")).repeats : []),
    `${id} ${changes}`,
  );
  const { value, problem } = useLoaded(() => get<History>(path), id);
  const is_missing = is_not_found(problem);
  useTitle(value?.claim ?? (is_missing ? kNoSuchCheck : "Belief over time"));
  if (is_missing) return <MissingCheck start={start} />;
  if (problem)
    return (
      <>
        <h1>Belief over time</h1>
        <ProblemNote problem={problem} />
      </>
    );
  if (!value) return <Loading />;
  const again = new URLSearchParams({ claim: value.claim, fresh: "1" });
  return (
    <>
      <p class="quiet eyebrow">Belief over time</p>
      <h1 class="claim">{value.claim}</h1>
      <figure>
        <img
          src={`${path}.svg`}
          width="744"
          alt="Belief by day, with its interval; the tables below have the numbers"
        />
      </figure>
      <p class="row no-print">
        <a class="button plain" href={`/?${again}`}>
          Measure again
        </a>
        <a class="button plain" href={`${path}.svg`} download="belief-over-time.svg">
          Save the picture
        </a>
      </p>
      {value.lines.map((line) => (
        <div key={`${line.model} ${line.readout} ${line.bank} ${line.mock}`}>
          <Days line={line} />
          {start.user && repeated && (
            <Weekly
              line={line}
              repeat={repeated.find(({ claim, measured_as }) => claim === value.claim && measured_as === line.model)}
              onChange={() => count((n) => n + 1)}
            />
          )}
        </div>
      ))}
      <p class="quiet">
        Each model, readout and bank has a line of its own. Intervals of two days may overlap although the difference is
        real: both days asked the same wordings.
      </p>
    </>
  );
}
