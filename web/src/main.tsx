// The page begins here: who is there, then what the address names.
import { render } from "preact";
import { useEffect } from "preact/hooks";

import { get, type Start } from "./api";
import { Loading, ProblemNote, useLoaded } from "./parts/common";
import { apply_theme, Shell } from "./parts/shell";
import { BillingPage, SessionsPage, SignInPage, UsagePage } from "./pages/account";
import { AdminPage } from "./pages/admin";
import { AskPage } from "./pages/ask";
import { ChecksPage, SharedPage } from "./pages/check";
import { ClaimPage } from "./pages/claim";
import { ComparePage } from "./pages/compare";
import { DecisionsPage } from "./pages/decisions";
import { HistoryPage } from "./pages/history";
import { MissingPage } from "./pages/missing";
import { SetPage } from "./pages/set";
import { SetsPage } from "./pages/sets";
import { follow, useAddress } from "./route";
import "./style.css";

const kMostChecks = 12; // side by side; as the service previews them

// The part of a path that names something. Null where it cannot be read.
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

function page_at(address: URL, start: Start) {
  const path = address.pathname;
  const parameter = (name: string) => address.searchParams.get(name) ?? "";
  if (path === "/") return <AskPage start={start} address={address} />;
  if (path === "/history") return <HistoryPage start={start} address={address} />;
  if (path === "/compare") return <ComparePage start={start} a={parameter("a")} b={parameter("b")} />;

  if (path === "/sets") return <SetsPage start={start} />;

  const [, kind, part = "", ...more] = path.split("/");
  const name = more.length === 0 ? decoded(part) : null;
  if (kind === "checks" && name)
    return (
      <ChecksPage
        key={name}
        start={start}
        ids={name.split(",").slice(0, kMostChecks)}
        refused={address.searchParams.get("refused")}
      />
    );
  if (kind === "claims" && name) return <ClaimPage key={name} start={start} id={name} />;
  if (kind === "sets" && name && start.user) return <SetPage key={name} start={start} id={name} address={address} />;
  if (kind === "shared" && name) return <SharedPage key={name} shares={name.split(",").slice(0, kMostChecks)} />;

  if (path === "/sign-in") return <SignInPage />;
  if (["/decisions", "/usage", "/billing", "/sessions", "/admin"].includes(path) && !start.user) return <SignInPage />;
  if (path === "/decisions") return <DecisionsPage start={start} address={address} />;
  if (path === "/usage") return <UsagePage />;
  if (path === "/billing") return <BillingPage />;
  if (path === "/sessions") return <SessionsPage start={start} />;
  if (path === "/admin" && start.user?.is_admin) return <AdminPage />;
  return <MissingPage />;
}

function App() {
  const address = useAddress();
  const { value: start, problem } = useLoaded(() => get<Start>("/api/start"), address.pathname);
  useEffect(() => {
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

// What the service wrote for readers without scripts makes room.
const app = document.getElementById("app") as HTMLElement;
app.replaceChildren();
render(<App />, app);
