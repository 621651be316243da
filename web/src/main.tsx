// The page begins here: who is there, then what the address names.
import { render } from "preact";
import { useEffect } from "preact/hooks";

import { get, Problem, type Start } from "./api";
import { Loading, ProblemNote, useLoaded } from "./parts/common";
import { apply_theme, Shell } from "./parts/shell";
import { BillingPage, SessionsPage, SignInPage, UsagePage } from "./pages/account";
import { AdminPage } from "./pages/admin";
import { AskPage } from "./pages/ask";
import { ChecksPage, SharedPage } from "./pages/check";
import { ComparePage } from "./pages/compare";
import { HistoryPage } from "./pages/history";
import { follow, useAddress } from "./route";
import "./style.css";

function page_at(address: URL, start: Start) {
  const path = address.pathname;
  const parameter = (name: string) => address.searchParams.get(name) ?? "";
  const [, kind, name = ""] = path.split("/");
  if (path === "/") return <AskPage key={address.search} start={start} address={address} />;
  if (path === "/history") return <HistoryPage start={start} />;
  if (path === "/compare") return <ComparePage a={parameter("a")} b={parameter("b")} />;
  if (kind === "checks" && name)
    return (
      <ChecksPage
        key={name}
        ids={decodeURIComponent(name).split(",").slice(0, 12)}
        refused={address.searchParams.get("refused")}
      />
    );
  if (kind === "shared" && name) return <SharedPage share={decodeURIComponent(name)} />;
  if (path === "/sign-in" || !start.user) return <SignInPage />;
  if (path === "/usage") return <UsagePage />;
  if (path === "/billing") return <BillingPage />;
  if (path === "/sessions") return <SessionsPage start={start} />;
  if (path === "/admin" && start.user.is_admin) return <AdminPage />;
  return <ProblemNote problem={new Problem(404, "There is nothing here.")} />;
}

const kTitles: Record<string, string> = {
  "": "Ask",
  history: "History",
  compare: "Compare",
  checks: "Check",
  shared: "Shared result",
  "sign-in": "Sign in",
  usage: "Usage",
  billing: "Plan",
  sessions: "Sessions",
  admin: "Operation",
};

function App() {
  const address = useAddress();
  const { value: start, problem } = useLoaded(() => get<Start>("/api/start"), address.pathname);
  useEffect(() => {
    document.title = `${kTitles[address.pathname.split("/")[1] ?? ""] ?? "Nothing"} · Heretix`;
    if (document.activeElement === document.body) document.getElementById("main")?.focus({ preventScroll: true });
  }, [address.pathname]);
  if (!start)
    return problem ? (
      <main>
        <ProblemNote problem={problem} />
      </main>
    ) : (
      <main>
        <Loading />
      </main>
    );
  return (
    <Shell start={start} path={address.pathname}>
      {page_at(address, start)}
    </Shell>
  );
}

apply_theme(localStorage.getItem("theme"));
document.addEventListener("click", follow);
render(<App />, document.getElementById("app") as HTMLElement);
