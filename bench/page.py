"""The page with 10,000 checks in the history: first paint, a search, scrolling, in Chromium on the loopback.

usage: page.py   with HERETIX, HERETIX_SOURCE and PYTHONPATH as the tests have them
"""
import json
import pathlib
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/web"))
from pages import PageTest, expect

CHECKS = 10_000
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
        trace = self.folder / "trace.json"
        self.browser.start_tracing(page=page, path=trace)
        page.mouse.move(400, 500)
        for _ in range(120):
            page.mouse.wheel(0, 700)
            page.wait_for_timeout(16)
        self.browser.stop_tracing()
        events = json.loads(trace.read_text())["traceEvents"]
        threads = {(e["pid"], e["tid"]) for e in events if e.get("name") == "thread_name" and e["args"]["name"] == "CrRendererMain"}
        tasks = [e["dur"] / 1000 for e in events if (e["pid"], e["tid"]) in threads and e.get("name") in ("RunTask", "ThreadControllerImpl::RunTask") and "dur" in e]
        shown = page.get_by_role("status").last.inner_text()
        print(f"{self.store}: first contentful paint {paint:.0f} ms; search of {CHECKS:,} checks {max(searches):.0f} ms at most of {len(searches)}; "
              f"scrolling ({shown}): longest task of {len(tasks):,} {max(tasks):.0f} ms")


if __name__ == "__main__":
    unittest.TextTestRunner().run(PageBench())
