// Small parts that several pages use.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { Problem } from "../api";

// Messages of the service are clauses, as a log wants them.
const as_sentence = (message: string): string => {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?:]["”)]?$/.test(text) ? text : `${text}.`;
};

// `text` where only some of the numbers on the page are meant.
export function MockNote({ text = "a script answered in the model’s place; no model was asked." }) {
  return (
    <p class="note" role="note">
      Mock numbers: {text}
    </p>
  );
}

export function ProblemNote({ problem }: { problem: Error | null }) {
  if (!problem) return null;
  const reason = problem instanceof Problem ? problem.reason : undefined;
  return (
    <p class="note problem" role="alert">
      {as_sentence(problem.message)}
      {reason === "require_signin" && (
        <>
          {" "}
          <a href="/sign-in">Sign in</a>
        </>
      )}
      {(reason === "require_subscription" || reason === "limit_reached") && (
        <>
          {" "}
          <a href="/billing">See the plans</a>
        </>
      )}
    </p>
  );
}

export function Loading() {
  return (
    <p class="quiet" role="status">
      Loading …
    </p>
  );
}

// What a page loads once, and again by `again`.
export function useLoaded<T>(load: () => Promise<T>, key: string) {
  const [value, set] = useState<T | null>(null);
  const [problem, tell] = useState<Error | null>(null);
  const [turn, next] = useState(0);
  useEffect(() => {
    let is_over = false;
    load().then(
      (loaded) => {
        if (is_over) return;
        set(() => loaded);
        tell(null);
      },
      (error: unknown) => {
        if (!is_over) tell(error as Error);
      },
    );
    return () => {
      is_over = true;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key says when another is to be loaded
  }, [key, turn]);
  return { value, problem, again: () => next((n) => n + 1) };
}

export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const [said, say] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      say("Copied");
    } catch {
      say("The browser does not allow copying");
    }
    setTimeout(() => say(""), 2000);
  };
  return (
    <button type="button" class="plain" onClick={copy}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

// Asks before what cannot be undone.
export function Confirm(props: {
  title: string;
  children: ComponentChildren;
  action: string;
  onYes: () => void;
  onNo: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={props.onNo} aria-labelledby="confirm-title">
      <h2 id="confirm-title">{props.title}</h2>
      {props.children}
      <div class="row end">
        <button type="button" class="plain" onClick={props.onNo}>
          Keep it
        </button>
        <button type="button" class="danger" onClick={props.onYes}>
          {props.action}
        </button>
      </div>
    </dialog>
  );
}
