// For operators: jobs, usage, what died, whether the service is well.
import { useState } from "preact/hooks";

import { get, post, type Overview } from "../api";
import { Loading, ProblemNote, useLoaded } from "../parts/common";
import { useTitle } from "../route";
import { moment } from "../words";

export function AdminPage() {
  useTitle("Operation");
  const health = useLoaded(() => get<{ status: string }>("/readyz"), "ready");
  const { value, problem, again } = useLoaded(() => get<Overview>("/api/admin/overview"), "overview");
  const [failed, fail] = useState<Error | null>(null);
  const retry = (id: string) => post(`/api/admin/jobs/${id}/retry`).then(again, fail);
  return (
    <>
      <h1>Operation</h1>
      <p role="status">
        {health.problem ? `Not ready: ${health.problem.message}` : health.value ? "The service is ready." : "Looking …"}{" "}
        {value && `${value.users} ${value.users === 1 ? "account" : "accounts"}.`}{" "}
        <button type="button" class="plain" onClick={() => (again(), health.again())}>
          Look again
        </button>
      </p>
      <ProblemNote problem={problem ?? failed} />
      {!value && !problem && <Loading />}
      {value && (
        <>
          <h2>Jobs</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Kind</th>
                <th scope="col">State</th>
                <th scope="col">Jobs</th>
              </tr>
            </thead>
            <tbody>
              {value.jobs.map((row) => (
                <tr key={row.kind + row.state}>
                  <th scope="row">{row.kind}</th>
                  <td>{row.state}</td>
                  <td>{row.jobs}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <h2>Usage, this period</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Plan</th>
                <th scope="col">Accounts</th>
                <th scope="col">Checks</th>
              </tr>
            </thead>
            <tbody>
              {value.usage.map((row) => (
                <tr key={row.plan}>
                  <th scope="row">{row.plan}</th>
                  <td>{row.users}</td>
                  <td>
                    {row.checks_used} of {row.checks_allowed}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <h2>Dead jobs</h2>
          {value.dead.length === 0 && <p class="quiet">None.</p>}
          <ul class="sessions">
            {value.dead.map((job) => (
              <li key={job.id}>
                <span>
                  <b>{job.kind}</b> <small>{moment(job.finished_at)}</small>
                  <pre>{job.error}</pre>
                </span>
                <button type="button" onClick={() => retry(job.id)} aria-label={`Run again: ${job.kind} ${job.id}`}>
                  Run again
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
