#!/usr/bin/env python3
"""Takes the pictures of the documents anew: docs/screens, every screen of the page at 360, 768 and 1,440 px, light and
dark; and the README's, the report of a run of the embedded model and that of the demo.

usage: tools/screens.py   with HERETIX, HERETIX_SOURCE and PYTHONPATH as the tests have them (CONTRIBUTING.md)
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests/web"))
from pages import PageTest, expect  # noqa: E402  (before cases: it finds them)

# isort: split
import cases  # noqa: E402

# Answers that differ as a model's do.
cases.PLAY["rules"] = [{"paraphrase_idx": 3, "text": "hm"}, {"paraphrase_idx": 5, "prob_true": 0.85}, {"paraphrase_idx": 6, "prob_true": 0.62}, {"paraphrase_idx": 10, "prob_true": 0.78},
                       {"paraphrase_idx": 15, "prob_true": 0.66}, {"user_contains": "Moon", "prob_true": 0.15}, {"user_contains": "Tea", "prob_true": 0.95}, {"paraphrase_idx": 8, "prob_true": 0.75},
                       {"prob_true": 0.7}]
INTO = ROOT / "docs/screens"
SET = [("Copper conducts electricity better than iron", "physics", "true"), ("The Moon is made of cheese", "space", "false"), ("Tea contains caffeine", "food", "true"),
       ("Tariffs cause inflation", "economy", ""), ("The Great Wall of China is visible from the Moon", "space", "false"), ("Tea was first grown in Europe", "food", "false"),
       ("Gold is denser than lead", "physics", "true"), ("The Moon has no atmosphere to speak of", "space", "true")]
CLAIM = "Copper conducts electricity better than iron"


class Screens(PageTest):
    store = "sqlite"

    def runTest(self):
        self.stop(self.process)
        self.serve(HERETIX_ADMINS="ada@example.org")
        client = self.signed_in(plan="pro")
        done = [self.finished(client, self.check(client, CLAIM, model=model)["id"])["id"] for model in ("play", "other")]
        for claim in ("Tariffs cause inflation", "The Great Wall of China is visible from the Moon", "Tea contains caffeine"):
            self.finished(client, self.check(client, claim)["id"])
        split = self.finished(client, self.check(client, "Tariffs cause inflation", model="split", depth="quick")["id"])["id"]
        wavers = self.finished(client, self.check(client, "Tea contains caffeine", model="wavers", depth="deep")["id"])["id"]
        share = client.post(f"/api/checks/{done[0]}/share").json()["share"]
        table = "claim,topic,truth\n" + "".join(f"{claim},{topic},{truth}\n" for claim, topic, truth in SET)
        made = client.post("/api/sets", {"text": table, "models": ["play", "other", "split"], "name": "What models believe", "depth": "quick"}).json()["id"]
        self.wait_for(lambda: client.get(f"/api/sets/{made}").json()["state"] == "done", 60)
        screens = {"ask": "/", "sets": "/sets", "set": f"/sets/{made}",
                   "check": f"/checks/{done[0]}", "models": f"/checks/{','.join(done)}", "split": f"/checks/{split}", "wavers": f"/checks/{wavers}",
                   "compare": f"/compare?a={done[0]}&b={done[1]}", "history": "/history", "missing": "/nowhere",
                   "usage": "/usage", "plan": "/billing", "sessions": "/sessions", "operation": "/admin", "sign-in": "/sign-in", "link": self.link("ada@example.org"), "shared": f"/shared/{share}"}
        for theme in ("light", "dark"):
            for width in (360, 768, 1440):
                page = self.visitor(width=width, theme=theme, client=client)
                for name, path in screens.items():
                    page.goto(path)
                    page.wait_for_load_state("networkidle")
                    if name == "ask":
                        page.get_by_label("Claim").fill(CLAIM)
                        page.wait_for_timeout(500)
                    if name == "sets":
                        page.get_by_label("Claims", exact=True).fill(table + "Is tea hot?,food,\n42,,\n")
                        page.get_by_role("checkbox", name="other").check()
                        expect(page.get_by_text("can be read")).to_be_visible()
                        page.wait_for_timeout(500)
                    if name == "history":
                        page.get_by_role("button", name=CLAIM).click()
                        expect(page.locator(".entry.inner")).to_have_count(2)
                    if name in ("check", "shared"):
                        page.locator("button.wording").nth(2).focus()
                        page.evaluate("scrollTo(0, 0)")
                    self.take(page, name, width, theme)
                self.ask(page, f"A claim under way at {width} px, {theme}", "slow", depth="Deep")
                expect(page.locator("button.wording")).to_have_count(6, timeout=20000)
                self.take(page, "watch", width, theme)
                page.get_by_role("button", name="Cancel").click()
                page.context.close()
        self.told = [text for text in self.told if "status of 404 " not in text]  # of the page that is missing

        self.take_reports()

    def take_reports(self):
        self.ok("run", "Tariffs cause inflation")
        self.ok("report", "last", "-o", "report.html")
        self.ok("demo", "--folder", "demo")
        page = self.browser.new_page(viewport={"width": 1000, "height": 780}, color_scheme="light")
        for name, file in (("report", "report.html"), ("demo", "demo/report.html")):
            page.goto((self.folder / file).as_uri())
            page.screenshot(path=ROOT / f"docs/{name}.png")

    def take(self, page, name, width, theme):
        page.screenshot(path=INTO / f"{name}-{width}-{theme}.png", full_page=(name in ("check", "shared") and width < 1000) or name in ("sets", "set"))


if __name__ == "__main__":
    INTO.mkdir(exist_ok=True)
    import unittest
    unittest.TextTestRunner().run(Screens())
