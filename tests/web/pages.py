"""The page in Chromium, driven by Playwright, against a running service."""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "service"))
PLACES = dict(line.split(" ", 1) for line in subprocess.run([os.environ["HERETIX_SOURCE"] + "/tools/setup.sh", "where"], capture_output=True, text=True,
                                                            check=True).stdout.splitlines() if line.count(" ") == 1)
sys.path.append(PLACES["service"])

from playwright.sync_api import expect, sync_playwright  # noqa: E402

from cases import SPLIT, EachStore  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=20_000)  # a machine may be busy; what is there at once costs nothing
# Slow enough to be watched; one wording is refused, one says what would break a careless page.
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> =1+1"
SLOW = {"model": "slow", "concurrency": 1, "delay_ms": 400, "rules": [
    {"paraphrase_idx": 3, "text": HOSTILE}, {"paraphrase_idx": 4, "text": HOSTILE}, {"paraphrase_idx": 5, "prob_true": 0.85},
    {"paraphrase_idx": 6, "prob_true": 0.62}, {"paraphrase_idx": 10, "prob_true": 0.78}, {"prob_true": 0.7}]}


# Asked again in the same words, it says true and false to the wordings 3 and 8. To wording 10 it always says false, and
# wording 5 differs from answer to answer without saying false.
WAVERS = {"model": "wavers", "rules": [
    *({"paraphrase_idx": i, "replicate_idx": r, "prob_true": p} for i, r, p in ((2, 1, 0.15), (7, 0, 0.9), (7, 1, 0.1), (4, 0, 0.5))),
    {"paraphrase_idx": 9, "prob_true": 0.3}, *({"paraphrase_idx": i, "prob_true": round(0.6 + 0.02 * i, 2)} for i in range(16))]}


def leaning():
    """States 0.8 of a claim and 0.6 of its negation."""
    text = (pathlib.Path(os.environ["HERETIX_SOURCE"]) / "prompts/heretix_decisions_v1.yaml").read_text()
    pairs = zip(re.findall(r'- claim: "(.*)"', text), re.findall(r'negation: "(.*)"', text), strict=True)
    parts = [next(part for part in negation.split("<claim>{CLAIM}</claim>") if part and part not in claim) for claim, negation in pairs]
    return {"model": "leaning", "rules": [{"paraphrase_idx": i, "user_contains": part, "prob_true": 0.6} for i, part in enumerate(parts)] + [{"prob_true": 0.8}]}


class PageTest(EachStore):
    models = "play={play},other={other},slow={slow},leaning={leaning},split={split},wavers={wavers},local"

    def setUp(self):
        super().setUp()
        driver = sync_playwright().start()
        self.addCleanup(driver.stop)
        self.browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self.addCleanup(self.browser.close)
        self.told = []

    def environment(self, **more):
        rules = [{"paraphrase_idx": 5, "prob_true": 0.42}, {"paraphrase_idx": 10, "prob_true": 0.25}, {"prob_true": 0.3}]
        self.models = type(self).models.replace("{other}", self.script("other.json", model="other", rules=rules)).replace(
            "{slow}", self.script("slow.json", **SLOW)).replace("{leaning}", self.script("leaning.json", **leaning())).replace(
            "{split}", self.script("split.json", **SPLIT)).replace("{wavers}", self.script("wavers.json", **WAVERS))
        return super().environment(**more)

    def visitor(self, width=1280, theme="light", client=None, **more):
        """A page of a new visitor; of a client's, where one is given."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, base_url=f"http://127.0.0.1:{self.port}",
                                           accept_downloads=True, reduced_motion="reduce", **more)
        self.addCleanup(context.close)
        if client:
            context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{self.port}"} for name, value in client.cookies.items()])
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and self.told.append(message.text))
        page.on("pageerror", lambda error: self.told.append(str(error)))
        page.on("dialog", lambda dialog: self.told.append(f"a dialog: {dialog.message}") or dialog.dismiss())
        page.on("request", lambda request: request.url.startswith((f"http://127.0.0.1:{self.port}/", "data:", "blob:")) or self.told.append(f"outside: {request.url}"))
        return page

    def tearDown(self):
        self.assertEqual(self.told, [])
        super().tearDown()

    def ask(self, page, claim, *models, depth=None):
        page.goto("/")
        page.get_by_label("Claim").fill(claim)
        for name in ("play", "other", "slow", "split", "wavers"):
            page.get_by_role("checkbox", name=name).set_checked(name in models)
        if depth:
            page.get_by_role("radio", name=depth).check()
        page.get_by_role("button", name="Measure").click()
        page.wait_for_url("**/checks/**")

    def axe(self, page):
        """What axe-core calls serious or worse."""
        source = (pathlib.Path(PLACES["web"]) / "axe-core/axe.min.js").read_text()
        found = page.evaluate(f"async () => {{ {source}; const r = await axe.run(document, {{resultTypes: ['violations']}});"
                              " return r.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ')); }")
        self.assertEqual(found, [], page.url)


__all__ = ["HOSTILE", "PageTest", "expect"]
