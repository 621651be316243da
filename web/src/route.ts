// Where the page is: the address bar, and links that change it without loading anew.
import { useEffect, useState } from "preact/hooks";

import type { Check } from "./api";

const changed = new EventTarget();

export function go(path: string, replaces = false): void {
  if (replaces) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  changed.dispatchEvent(new Event("change"));
  if (!replaces) window.scrollTo(0, 0);
}

// Where the same claim is asked for again, anew and as it was.
export function again_address({ claim, model, how }: Pick<Check, "claim" | "model" | "how">): string {
  const query = new URLSearchParams({ claim, model, fresh: "1" });
  for (const [name, value] of Object.entries(how ?? {})) query.set(name, String(value));
  return `/?${query}`;
}

// What the window, its bookmark and its place in the browser's history are called. Each page says it itself, because only
// the page knows its claim.
export function useTitle(name: string): void {
  useEffect(() => {
    document.title = `${name} · Heretix`;
  }, [name]);
}

export function useAddress(): URL {
  const [address, set] = useState(() => new URL(location.href));
  useEffect(() => {
    const update = () => set(new URL(location.href));
    changed.addEventListener("change", update);
    addEventListener("popstate", update);
    return () => {
      changed.removeEventListener("change", update);
      removeEventListener("popstate", update);
    };
  }, []);
  return address;
}

// A click on a link within the page.
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element).closest("a");
  if (!link || link.origin !== location.origin || link.hasAttribute("download") || link.target) return;
  if (link.pathname.startsWith("/api/") || link.hash) return;
  event.preventDefault();
  go(link.pathname + link.search);
}
