// What surrounds every page: name, ways, who is signed in, light or dark.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { post, Problem, type Start } from "../api";
import { ProblemNote } from "./common";

type Theme = "auto" | "light" | "dark";

export function apply_theme(theme: string | null): void {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
  else delete document.documentElement.dataset["theme"];
}

function ThemeChoice() {
  const [theme, set] = useState<Theme>((localStorage.getItem("theme") as Theme | null) ?? "auto");
  const choose = (chosen: Theme) => {
    localStorage.setItem("theme", chosen);
    apply_theme(chosen);
    set(chosen);
  };
  return (
    <label class="theme">
      <span class="hidden">Colours</span>
      <select value={theme} onChange={(e) => choose(e.currentTarget.value as Theme)}>
        <option value="auto">System colours</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}

export function Shell({ start, path, children }: { start: Start; path: string; children: ComponentChildren }) {
  const way = (to: string, name: string) => (
    <a href={to} aria-current={path === to ? "page" : undefined}>
      {name}
    </a>
  );
  const [failed, fail] = useState<Error | null>(null);
  const sign_out = async () => {
    try {
      await post("/api/auth/sign-out");
    } catch (error) {
      // A session that has ended meanwhile is what was wanted. Otherwise the visitor is still signed in and must know.
      if (!(error instanceof Problem && error.status === 401)) return fail(error as Error);
    }
    location.assign("/");
  };
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header>
        <a class="brand" href="/">
          Heretix
        </a>
        <nav aria-label="Pages">
          {way("/", "Ask")}
          {way("/history", "History")}
          {way("/sets", "Sets")}
          {start.user && way("/decisions", "Decisions")}
          {start.user && way("/usage", "Account")}
          {start.user?.is_admin && way("/admin", "Operation")}
        </nav>
        <div class="who">
          <ThemeChoice />
          {start.user ? (
            <button type="button" class="plain" onClick={sign_out} title={start.user.email}>
              Sign out
            </button>
          ) : (
            way("/sign-in", "Sign in")
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {failed && (
          <ProblemNote problem={new Error(`Signing out failed, so you are still signed in: ${failed.message}`)} />
        )}
        {children}
      </main>
      <footer class="quiet">
        Heretix measures what a language model says it believes. It does not check whether a claim is true.{" "}
        <a href="/api/openapi.yaml">Interface</a>
      </footer>
    </>
  );
}
