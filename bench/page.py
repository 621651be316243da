"""The page with 10,000 checks in the history, and with a set of 10,000 claims by 6 models: first paint, a search,
sorting, scrolling, in Chromium on the loopback.

usage: page.py   with HERETIX, HERETIX_SOURCE and PYTHONPATH as the tests have them
"""
import json
import pathlib
import random
import sys
import time
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/web"))
from pages import PageTest, expect

CHECKS = 10_000
MODELS = 6
# What each frame took, by the browser's own clock of frames.
FRAMES = """() => { window.frames_seen = []; let last = performance.now();
  const look = now => { window.frames_seen.push(now - last); last = now; window.frames_end || requestAnimationFrame(look); }; requestAnimationFrame(look); }"""
SEARCH = """async word => {
  const box = document.querySelector('input[type=search]'), list = document.querySelector('.entries');
  const began = performance.now();
  box.value = word; box.dispatchEvent(new Event('input', {bubbles: true}));
  await new Promise(done => {
    const look = () => [...list.querySelectorAll('b')].every(b => b.textContent.includes(word)) ? done() : requestAnimationFrame(look);
    look();
  });
  return performance.now() - began;
}"""


class PageBench(PageTest):
    def fill(self, user):
        words = ["copper", "iron", "tariffs", "tea", "walls", "moons", "rivers"]
        ids = [str(uuid.uuid4()) for _ in range(CHECKS)]
        first = self.rows("SELECT * FROM checks LIMIT 1")[0]
        names = self.column_names("checks")
        rows = []
        for i, identifier in enumerate(ids):
            row = dict(zip(names, first, strict=True))
            row |= {"id": identifier, "run_id": f"bench-{i}", "claim_hash": f"bench {i}", "claim": f"Claim {i} about {words[i % 7]} and {words[i % 5]}", "user_id": user}
            rows.append(list(row.values()))
        quoted = ", ".join(f'"{n}"' for n in names)
        self.insert(f"checks ({quoted})", rows)
        self.insert("check_requests (check_id, state, request)", [(identifier, "done", "{}") for identifier in ids])

    def column_names(self, table):
        if self.store == "sqlite":
            return [row[1] for row in self.rows(f"PRAGMA table_info({table})")]
        return [row[0] for row in self.rows("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public' ORDER BY ordinal_position", table)]

    def fill_set(self, user):
        """A set of 10,000 claims by 6 models, all of them measured."""
        random.seed(7)
        one = dict(zip(self.column_names("checks"), self.rows("SELECT * FROM checks LIMIT 1")[0], strict=True))
        set_id, models = str(uuid.uuid4()), [f"model-{m}" for m in range(MODELS)]
        ids = [str(uuid.uuid4()) for _ in range(CHECKS * MODELS)]
        quoted = ", ".join(f'"{n}"' for n in one)
        self.insert(f"checks ({quoted})", [list((one | {"id": i, "run_id": f"set-{i}", "user_id": user, "claim": "of the set", "claim_hash": "of the set"}).values()) for i in ids])
        self.insert("check_requests (check_id, state, request)", [(i, "done", "{}") for i in ids])
        self.insert("sets (id, user_id, name, models, request, claims)", [(set_id, user, "Ten thousand claims", json.dumps(models), '{"depth": "quick", "fresh": false}', CHECKS)])
        self.insert("set_claims (set_id, number, line, claim, tags, truth)",
                    [(set_id, n, n + 2, f"Claim {n} about {random.choice(['copper', 'tariffs', 'tea', 'walls', 'moons'])}, which says something that may be true",
                      json.dumps([f"tag {n % 9}"]), n % 2) for n in range(CHECKS)])
        self.insert("set_checks (set_id, number, model, check_id, figures, billed_micro_usd)",
                    [(set_id, n, m, ids[n * MODELS + m], self.figures(), 120) for n in range(CHECKS) for m in range(MODELS)])
        return set_id

    def figures(self):
        p = random.random()
        return json.dumps({"p": p, "low": max(0, p - 0.1), "high": min(1, p + 0.1), "stable": random.random() > 0.1, "gates": ["compliance"] if random.random() < 0.05 else [],
                           "compliance": 1.0, "answers": 8, "from_store": 0, "seconds": 1.0, "provider": "bench", "bank": "bench", "wordings": []})

    def scroll(self, page, steps, by):
        """Scrolls with the wheel. The tasks of the page's thread, as (ms by the clock, ms of processor time), and the frames in ms by the clock."""
        trace = self.folder / "trace.json"
        page.evaluate(FRAMES)
        self.browser.start_tracing(page=page, path=trace)
        page.wait_for_timeout(500)  # the start of the tracing is a task too, and is left out
        page.evaluate("() => { window.frames_seen.length = 0; }")
        for _ in range(steps):
            page.mouse.wheel(0, by)
            page.wait_for_timeout(16)
        self.browser.stop_tracing()
        frames = page.evaluate("() => { window.frames_end = true; return window.frames_seen; }")
        events = json.loads(trace.read_text())["traceEvents"]
        threads = {(e["pid"], e["tid"]) for e in events if e.get("name") == "thread_name" and e["args"]["name"] == "CrRendererMain"}
        all_tasks = [e for e in events if (e["pid"], e["tid"]) in threads and e.get("name") in ("RunTask", "ThreadControllerImpl::RunTask") and "dur" in e]
        begun = min(e["ts"] for e in all_tasks) + 450_000
        return [(e["dur"] / 1000, e.get("tdur", e["dur"]) / 1000) for e in all_tasks if e["ts"] > begun], frames

    def in_words(self, tasks):
        return f"longest of {len(tasks):,} tasks {max(wall for wall, _ in tasks):.0f} ms, {max(cpu for _, cpu in tasks):.0f} ms of processor time"

    def measure_set(self, client):
        set_id = self.fill_set(client.get("/api/me").json()["id"])
        began = time.perf_counter()
        body = client.get(f"/api/sets/{set_id}/rows").body
        took = time.perf_counter() - began
        page = self.visitor(width=1440, client=client)
        began = time.perf_counter()
        page.goto(f"/sets/{set_id}")
        expect(page.locator(".matrix .line").first).to_be_visible(timeout=60_000)
        drawn = time.perf_counter() - began
        page.wait_for_load_state("networkidle")  # the summary as well
        page.locator(".matrix").hover()
        tasks, frames = self.scroll(page, 240, 1500)
        reached = page.evaluate("document.querySelector('.matrix').scrollTop")
        print(f"{self.store}: a set of {CHECKS:,} claims by {MODELS} models: rows {len(body) / 1e6:.1f} MB in {took:.1f} s, on the screen after {drawn:.1f} s; "
              f"scrolling to row {reached / 52:,.0f}: {self.in_words(tasks)}; longest of {len(frames):,} frames {max(frames):.0f} ms")

    def runTest(self):
        client = self.signed_in(plan="pro")
        self.finished(client, self.check(client, "Copper conducts electricity better than iron")["id"])
        self.fill(client.get("/api/me").json()["id"])
        page = self.visitor(client=client)
        page.goto("/")
        expect(page.get_by_label("Claim")).to_be_visible()
        paint = page.evaluate("performance.getEntriesByType('paint').find(e => e.name === 'first-contentful-paint').startTime")
        page.goto("/history")
        expect(page.locator(".entry").first).to_be_visible()
        searches = [page.evaluate(SEARCH, word) for word in ("99", "tariffs and", "Claim 4321", "rivers", "9", "moons and tea")]
        page.get_by_label("Search").fill("")
        expect(page.get_by_text("more below")).to_be_visible()
        page.mouse.move(400, 500)
        tasks, _ = self.scroll(page, 120, 700)
        shown = page.get_by_role("status").last.inner_text()
        print(f"{self.store}: first contentful paint {paint:.0f} ms; search of {CHECKS:,} checks {max(searches):.0f} ms at most of {len(searches)}; "
              f"scrolling ({shown}): {self.in_words(tasks)}")
        self.measure_set(client)


if __name__ == "__main__":
    unittest.TextTestRunner().run(PageBench())
