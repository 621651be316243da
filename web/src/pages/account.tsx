// The account: plan and usage, payment, sessions, one's data.
import { useState } from "preact/hooks";

import { get, post, remove, type Billing, type Session, type Start, type Usage } from "../api";
import { Confirm, Loading, ProblemNote, useLoaded } from "../parts/common";
import { useTitle } from "../route";
import { moment } from "../words";

function Ways({ path }: { path: string }) {
  const way = (to: string, name: string) => (
    <a href={to} aria-current={path === to ? "page" : undefined}>
      {name}
    </a>
  );
  return (
    <nav class="ways" aria-label="Account">
      {way("/usage", "Usage")}
      {way("/billing", "Plan")}
      {way("/sessions", "Sessions and data")}
    </nav>
  );
}

function Meter({ usage }: { usage: Usage }) {
  const is_ever = usage.period_end.startsWith("9999");
  return (
    <>
      <p class="figure">
        <strong>{usage.checks_used}</strong> <span class="range">of {usage.checks_allowed} checks used</span>
      </p>
      <meter min={0} max={usage.checks_allowed} value={usage.checks_used} aria-label="Checks used" />
      <p>
        Plan <b>{usage.plan}</b>
        {is_ever ? "; these checks do not renew." : `, from ${usage.period_start} to ${usage.period_end} (UTC).`}
        {usage.next_plan !== usage.plan && ` From then on: ${usage.next_plan}.`}
      </p>
      <p class="quiet">
        A check is counted when it is accepted and given back if it fails. A result that was measured before is free.
      </p>
    </>
  );
}

export function UsagePage() {
  useTitle("Usage");
  const { value, problem } = useLoaded(() => get<Usage>("/api/usage"), "usage");
  return (
    <>
      <h1>Account</h1>
      <Ways path="/usage" />
      <ProblemNote problem={problem} />
      {value ? <Meter usage={value} /> : !problem && <Loading />}
    </>
  );
}

export function BillingPage() {
  useTitle("Plan");
  const { value, problem } = useLoaded(() => get<Billing>("/api/billing"), "billing");
  const [failed, fail] = useState<Error | null>(null);
  const leave = (path: string, body: unknown) =>
    post<{ url: string }>(path, body).then((told) => location.assign(told.url), fail);
  return (
    <>
      <h1>Account</h1>
      <Ways path="/billing" />
      <ProblemNote problem={problem ?? failed} />
      {!value && !problem && <Loading />}
      {value && (
        <>
          {!value.is_set_up && (
            <p class="note">
              Plans cannot be bought here. Whoever runs this service can give your account another one.
            </p>
          )}
          <ul class="plans">
            {value.plans.map((plan) => (
              <li key={plan.name} aria-current={plan.name === value.plan ? "true" : undefined}>
                <h2>{plan.title}</h2>
                <p>
                  <b>{plan.checks}</b> checks {plan.per === "ever" ? "in all" : "a month"}
                </p>
                <p class="quiet">{plan.goes_deep ? "Every depth" : "Quick and standard depth"}</p>
                {plan.name === value.plan ? (
                  <p>
                    <b>Your plan</b>
                  </p>
                ) : (
                  plan.for_sale &&
                  (!value.subscription || value.subscription === "canceled") && (
                    <button type="button" onClick={() => leave("/api/billing/checkout", { plan: plan.name })}>
                      Choose {plan.title}
                    </button>
                  )
                )}
              </li>
            ))}
          </ul>
          {value.subscription && value.is_set_up && (
            <p>
              Subscription: {value.subscription.replaceAll("_", " ")}.{" "}
              <button type="button" onClick={() => leave("/api/billing/portal", {})}>
                Change or end it
              </button>
            </p>
          )}
        </>
      )}
    </>
  );
}

export function SessionsPage({ start }: { start: Start }) {
  useTitle("Sessions and data");
  const { value, problem, again } = useLoaded(() => get<{ sessions: Session[] }>("/api/sessions"), "sessions");
  const [failed, fail] = useState<Error | null>(null);
  const [is_closing, close] = useState(false);
  const [typed, type] = useState("");
  const end = (session: Session) =>
    remove(`/api/sessions/${session.id}`).then(() => (session.is_current ? location.assign("/") : again()), fail);
  const really_close = () =>
    remove("/api/me", { email: typed }).then(
      () => location.assign("/"),
      (error: unknown) => {
        close(false);
        fail(error as Error);
      },
    );
  return (
    <>
      <h1>Account</h1>
      <Ways path="/sessions" />
      <ProblemNote problem={problem ?? failed} />
      <h2>Where you are signed in</h2>
      {!value && !problem && <Loading />}
      <ul class="sessions">
        {value?.sessions.map((session) => (
          <li key={session.id}>
            <span>
              <b>{session.user_agent || "unknown program"}</b>
              <small>
                since {moment(session.created_at)}, last seen {moment(session.last_seen_at)}
                {session.is_current && " · this one"}
              </small>
            </span>
            <button
              type="button"
              class="plain"
              onClick={() => end(session)}
              aria-label={`End the session of ${session.user_agent}`}
            >
              End
            </button>
          </li>
        ))}
      </ul>
      <h2>Your data</h2>
      <p>
        Signed in as {start.user?.email}.{" "}
        <a href="/api/me/data" download="heretix-data.json">
          Download everything that is stored about you
        </a>
        .
      </p>
      <button type="button" class="danger" onClick={() => close(true)}>
        Close the account
      </button>
      {is_closing && (
        <Confirm title="Close the account?" action="Close it for good" onYes={really_close} onNo={() => close(false)}>
          <p>The account, its checks and their results are removed for good.</p>
          <label>
            <span>Type your address to confirm</span>
            <input type="email" value={typed} onInput={(e) => type(e.currentTarget.value)} />
          </label>
        </Confirm>
      )}
    </>
  );
}

export function SignInPage() {
  useTitle("Sign in");
  const [email, set] = useState("");
  const [said, say] = useState<string | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const ask = async (event: Event) => {
    event.preventDefault();
    try {
      say((await post<{ detail: string }>("/api/auth/magic-links", { email })).detail);
      tell(null);
    } catch (error) {
      tell(error as Error);
    }
  };
  return (
    <>
      <h1>Sign in</h1>
      <p class="lead">
        You need no password: a link comes by mail and is valid for ten minutes. A new address gets an account with
        three checks.
      </p>
      <form class="narrow" onSubmit={ask}>
        <label>
          <span>Mail address</span>
          <input type="email" required autocomplete="email" value={email} onInput={(e) => set(e.currentTarget.value)} />
        </label>
        <ProblemNote problem={problem} />
        {said && (
          <p class="note" role="status">
            {said[0]?.toUpperCase()}
            {said.slice(1)}.
          </p>
        )}
        <button class="primary">Send the link</button>
      </form>
    </>
  );
}
