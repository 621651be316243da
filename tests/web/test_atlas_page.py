"""The page that heretix atlas writes, in Chromium: one file from the disk, driven by keyboard and by pointer, and scrolled with 10,000 claims."""
import csv
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cli"))
sys.path.insert(0, str(HERE))

from heretix import ProgramTest  # noqa: E402
from pages import CHROMIUM, expect, sync_playwright  # noqa: E402

HEAD = ("claim", "model", "p", "low", "high", "stable", "gates_failed", "billed_usd", "execution_id", "error", "tags", "truth")
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
SLOWEST_FRAME = 50  # milliseconds of the page's own thread: what else runs on the machine does not count

# Scrolls to that share of the matrix, and comes back when the frame after it was drawn.
SCROLLS = """(share) => new Promise((done) => {
  const box = document.getElementById("atlas-scroll");
  box.scrollTop = (box.scrollHeight - box.clientHeight) * share;
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""
STEPS = 100


class AtlasPage(ProgramTest):
    def setUp(self):
        super().setUp()
        driver = sync_playwright().start()
        self.addCleanup(driver.stop)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self.addCleanup(browser.close)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = context.new_page()
        self.told = []
        self.page.on("console", lambda message: message.type == "error" and self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("dialog", lambda dialog: self.told.append(dialog.message) or dialog.dismiss())
        self.page.on("request", lambda request: request.url.startswith(("file:", "data:")) or self.told.append(f"outside: {request.url}"))

    def tearDown(self):
        self.assertEqual(self.told, [])
        super().tearDown()

    def opened(self, rows, address=""):
        with open(self.folder / "set.csv", "w", newline="") as file:
            csv.writer(file).writerows([HEAD, *rows])
        self.ok("atlas", "set.csv", "-o", "atlas.html", "--rows", 1)
        self.page.goto((self.folder / "atlas.html").as_uri() + address)
        return self.page

    @staticmethod
    def row(claim, model, p, half=0.1, stable="true", gates="", tags="", error="", truth=""):
        low, high = ("", "") if p == "" else (max(0, p - half), min(1, p + half))
        return claim, model, p, low, high, stable if p != "" else "", gates, 0.001, f"exec-{model}", error, tags, truth

    def small(self):
        return [self.row("Snow is white", "X", 0.9, tags="weather", truth="true"), self.row("Snow is white", "Y", 0.8, gates="mass", truth="true"),
                self.row("Iron floats", "X", 0.2, truth="false"), self.row("Iron floats", "Y", 0.9, truth="false"),
                self.row(HOSTILE, "X", 0.5, 0.4, "false", tags="strange"), self.row(HOSTILE, "Y", "", error="too few usable answers")]

    @staticmethod
    def busy(devtools):
        """Milliseconds of processor time that the page's thread has spent."""
        return 1000 * next(m["value"] for m in devtools.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration")

    def time_of_step(self, page, devtools, step):
        before = self.busy(devtools)
        page.evaluate(SCROLLS, step / STEPS)
        return self.busy(devtools) - before

    def claims(self):
        return [text.strip() for text in self.page.locator("#atlas-matrix tbody th").all_inner_texts()]

    def test_sorts_filters_and_opens_a_claim(self):
        page = self.opened(self.small())
        table = page.get_by_role("table", name="What each model believes about each claim")
        expect(table).to_be_visible()
        self.assertEqual(self.claims(), ["Iron floats", "Snow is white", HOSTILE])
        apart = table.get_by_role("columnheader", name="Apart")
        expect(apart).to_have_attribute("aria-sort", "descending")
        self.assertEqual(table.get_attribute("aria-rowcount"), "4")
        cells = table.get_by_role("row", name="Iron floats").get_by_role("cell").all_inner_texts()
        self.assertEqual([c.strip() for c in cells], ["0.70", "0.20", "0.90"])
        expect(table.get_by_role("row").filter(has_text="unstable")).to_contain_text("none")

        # By the keyboard: the heading is a button, and a second time turns the order round.
        table.get_by_role("button", name="Y").focus()
        page.keyboard.press("Enter")
        self.assertEqual(self.claims(), ["Iron floats", "Snow is white", HOSTILE])
        page.keyboard.press("Enter")
        self.assertEqual(self.claims(), ["Snow is white", "Iron floats", HOSTILE])
        expect(table.get_by_role("columnheader", name="Y")).to_have_attribute("aria-sort", "ascending")
        expect(apart).to_have_attribute("aria-sort", "none")
        self.assertTrue(page.url.endswith("#sort=1"), page.url)

        page.get_by_label("Tag").select_option("strange")
        self.assertEqual(self.claims(), [HOSTILE])
        expect(page.get_by_role("status")).to_have_text("1 of 3 claims")
        page.reload()
        self.assertEqual(self.claims(), [HOSTILE])
        page.get_by_label("Tag").select_option("")
        page.get_by_label("Gates").select_option("failed: mass")
        self.assertEqual(self.claims(), ["Snow is white"])
        page.get_by_label("Y", exact=True).uncheck()
        self.assertEqual(self.claims(), [])
        expect(table.get_by_role("columnheader", name="Y")).to_be_hidden()
        page.get_by_label("Gates").select_option("all claims")
        page.get_by_label("Claims with").fill("IRON")
        self.assertEqual(self.claims(), ["Iron floats"])

        page.get_by_role("button", name="Iron floats").press("Enter")
        dialog = page.get_by_role("dialog", name="Iron floats")
        expect(dialog).to_contain_text("Labelled false")
        expect(dialog.get_by_role("row", name="Y")).to_contain_text("0.90, 0.80 to 1.00")
        expect(dialog).to_contain_text("heretix report exec-Y")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("button", name="Iron floats")).to_be_focused()

    def test_fits_a_phone_and_the_dark(self):
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size({"width": 360, "height": 740})
        page = self.opened(self.small())
        self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), 360)
        self.assertEqual(len(self.claims()), 3)

    def test_ten_thousand_claims_scroll_smoothly(self):
        rng = random.Random(1)
        rows = [self.row(f"Claim number {i} is about something that takes some words to tell, as claims do", f"maker/model-{m}", round(rng.random(), 3),
                         rng.random() / 4, rng.choice(("true", "true", "false")), tags=rng.choice("abc")) for i in range(10_000) for m in range(6)]
        page = self.opened(rows)
        expect(page.get_by_role("status")).to_have_text("10,000 of 10,000 claims")
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        spent = []
        for step in range(STEPS + 1):  # from the beginning to the end, so that every row in sight is another one each time
            spent.append(self.time_of_step(page, devtools, step))
            # Neighbours on the machine slow down whatever step comes in their way; what is slow by itself is slow again.
            for _ in range(2):
                if spent[-1] < SLOWEST_FRAME:
                    break
                self.time_of_step(page, devtools, step - 1 if step else STEPS)
                spent[-1] = min(spent[-1], self.time_of_step(page, devtools, step))
            self.assertLess(page.locator("#atlas-matrix tbody tr.row").count(), 40)
        spent.sort()
        told = f"processor time of a step: median {spent[STEPS // 2]:.1f} ms, longest {spent[-1]:.1f} ms"
        print(told, file=sys.stderr)
        self.assertLess(spent[-1], SLOWEST_FRAME, told)  # two frames are in it
        last = page.locator("#atlas-matrix tbody tr.row").last
        self.assertEqual(last.get_attribute("aria-rowindex"), "10001")
        box, end = page.locator("#atlas-scroll").bounding_box(), last.bounding_box()
        self.assertLessEqual(end["y"] + end["height"], box["y"] + box["height"] + 1)
