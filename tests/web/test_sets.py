"""The page Sets: many claims by several models, in Chromium with scripted models."""
import csv
import re

from pages import PageTest, expect

TABLE = "claim,topic,truth\nCopper conducts electricity,physics,true\nThe Moon is made of cheese,space,false\nTea contains caffeine,food,true\n"
QUESTION = "Is tea hot?,food,\n"
NUMBER = "42,food,\n"


class SetPages(PageTest):
    def upload(self, page, text, *models):
        page.goto("/sets")
        page.get_by_label("Claims", exact=True).fill(text)
        for name in ("play", "other", "slow", "split"):
            page.get_by_role("checkbox", name=name).set_checked(name in models)
        page.get_by_role("radio", name="Quick").check()

    def made(self, client, text=TABLE, models=("play", "other", "split")):
        told = client.post("/api/sets", {"text": text, "models": list(models), "name": "Three claims", "depth": "quick"})
        self.assertEqual(told.status, 201, told.body)
        identifier = told.json()["id"]
        self.wait_for(lambda: client.get(f"/api/sets/{identifier}").json()["state"] != "running", 60)
        return identifier

    def claims(self, page):
        return page.locator(".matrix .claim b").all_inner_texts()

    def test_a_table_is_pasted_looked_at_and_measured(self):
        client = self.signed_in(plan="pro")
        page = self.visitor(client=client)
        self.upload(page, TABLE + QUESTION + NUMBER, "play", "other")
        # Before anything is asked: what was read, what is left out, what is a question, and what it takes.
        expect(page.get_by_text("4 claims can be read")).to_be_visible()
        expect(page.get_by_text("Line 6 the claim '42' is only a number")).to_be_visible()
        expect(page.get_by_text("Line 5 Is tea hot?")).to_be_visible()
        measure = page.get_by_role("button", name="Measure")
        expect(measure).to_be_disabled()
        page.get_by_role("radio", name="Leave them out").check()
        expect(page.get_by_text("at most 48 questions")).to_be_visible()
        expect(page.get_by_text("uses 6 of the 750 checks left")).to_be_visible()
        self.axe(page)
        self.assertEqual(client.get("/api/sets").json()["sets"], [])
        page.get_by_label("Name").fill("What they believe")
        page.get_by_role("button", name="Measure 6 checks").click()
        page.wait_for_url("**/sets/*-*")
        expect(page.get_by_role("heading", name="What they believe")).to_be_visible()
        expect(page.get_by_role("row")).to_have_count(4 + 4, timeout=30_000)  # the table of totals has one for each model, all, and a head
        expect(page.get_by_role("gridcell", name=re.compile(r"^play \(mock\): 70 %, from "))).to_have_count(3, timeout=30_000)
        expect(page.get_by_text("Mock numbers: scripts answered in the models’ place; no model was asked.")).to_be_visible()

    def test_columns_of_other_names_are_chosen_and_a_file_is_uploaded(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        page.goto("/sets")
        page.get_by_label("Upload a file").set_input_files({"name": "my claims.csv", "mimeType": "text/csv", "buffer": b"id,what,kind\n1,Tea is hot,drink\n2,Snow is white,\n"})
        expect(page.get_by_text("Choose the column that holds the claims")).to_be_visible()
        page.get_by_label("Column of the claims").select_option("what")
        page.get_by_label("Tags").select_option("kind")
        expect(page.get_by_role("row", name="2 Tea is hot drink")).to_be_visible()
        expect(page.get_by_label("Name")).to_have_value("my claims")
        expect(page.get_by_role("button", name="Measure 2 checks")).to_be_enabled()

    def test_a_set_is_watched_as_it_fills_and_cancelled(self):
        client = self.signed_in(plan="pro")
        page = self.visitor(client=client)
        self.upload(page, "\n".join(f"Claim number {i} is true" for i in range(6)), "slow")
        page.get_by_role("button", name="Measure 6 checks").click()
        expect(page.get_by_text("of 6 checks measured")).to_be_visible()
        expect(page.get_by_role("gridcell", name="slow (mock): waiting").first).to_be_visible()
        expect(page.get_by_role("gridcell", name=re.compile(r"slow \(mock\): .* %")).first).to_be_visible(timeout=60_000)  # without a reload
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("gridcell", name="slow (mock): cancelled").first).to_be_visible(timeout=30_000)
        expect(page.get_by_role("button", name="Delete")).to_be_visible(timeout=30_000)

    def test_the_table_is_sorted_and_filtered_and_the_address_keeps_it(self):
        client = self.signed_in(plan="pro")
        identifier = self.made(client)
        page = self.visitor(client=client)
        page.goto(f"/sets/{identifier}")
        expect(page.locator(".matrix .line")).to_have_count(3)
        page.get_by_role("columnheader", name="Claim", exact=True).get_by_role("button").click()
        self.assertEqual(self.claims(page), ["Copper conducts electricity", "Tea contains caffeine", "The Moon is made of cheese"])
        expect(page.get_by_role("columnheader", name="Claim", exact=True)).to_have_attribute("aria-sort", "ascending")
        page.get_by_role("columnheader", name="Claim", exact=True).get_by_role("button").click()
        self.assertEqual(self.claims(page)[0], "The Moon is made of cheese")
        page.get_by_label("Tag").select_option("food")
        self.assertEqual(self.claims(page), ["Tea contains caffeine"])
        self.assertIn("sort=claim&order=up", page.url.replace("tag=food&", ""))
        page.reload()
        expect(page.get_by_text("1 of 3 claims shown")).to_be_visible()
        self.assertEqual(self.claims(page), ["Tea contains caffeine"])
        page.go_back()  # a filter is a step back
        expect(page.locator(".matrix .line")).to_have_count(3)
        # `split` has no stable belief, so it is grey, and the others alone count for how far models are apart.
        unstable = page.get_by_role("gridcell", name=re.compile(r"^split \(mock\): no stable belief, centre "))
        expect(unstable).to_have_count(3)
        expect(unstable.first).to_have_class(re.compile("none"))
        page.get_by_label("Gates").select_option("unstable")
        expect(page.locator(".matrix .line")).to_have_count(3)
        page.get_by_role("checkbox", name="split").uncheck()
        expect(page.get_by_text("No claim matches")).to_be_visible()
        page.get_by_role("link", name="Show all").click()
        expect(page.locator(".matrix .line")).to_have_count(3)
        page.get_by_label("Order").select_option("disagreement")
        apart = [int(text) for text in page.locator(".matrix .apart").all_inner_texts()]
        self.assertEqual((apart, apart[0] > 30), (sorted(apart, reverse=True), True))

    def test_it_works_by_keyboard_and_a_screen_reader_hears_it(self):
        client = self.signed_in(plan="pro")
        identifier = self.made(client)
        page = self.visitor(client=client)
        page.goto(f"/sets/{identifier}?sort=claim")
        grid = page.get_by_role("grid", name="Claims by models")
        expect(grid).to_have_attribute("aria-rowcount", "4")
        expect(grid).to_have_attribute("aria-colcount", "5")
        self.assertEqual(page.locator(".matrix [tabindex='0']").count(), 1)  # one stop of the Tab key
        page.locator(".matrix [tabindex='0']").focus()
        at = lambda: page.evaluate("document.activeElement.dataset.at")  # noqa: E731
        for key, place in (("ArrowRight", "0 1"), ("ArrowDown", "1 1"), ("End", "1 4"), ("Home", "1 0"), ("Control+End", "2 4"), ("Control+Home", "0 0"), ("ArrowUp", "-1 0"),
                           ("ArrowDown", "0 0"), ("ArrowDown", "1 0"), ("ArrowDown", "2 0"), ("ArrowRight", "2 1")):
            page.keyboard.press(key)
            self.assertEqual(at(), place, key)
        self.axe(page)
        page.keyboard.press("Enter")  # the cell of `play` about the Moon
        page.wait_for_url("**/checks/*")
        expect(page.get_by_role("heading", name="The Moon is made of cheese")).to_be_visible()
        page.go_back()
        page.get_by_role("link", name="Tea contains caffeine").click()  # a row opens its checks
        expect(page.get_by_role("heading", name="Tea contains caffeine").first).to_be_visible()
        self.assertEqual(page.url.count(","), 2)

    def test_ten_thousand_claims_draw_only_what_is_seen_and_the_last_is_reached(self):
        client = self.signed_in(plan="pro")
        identifier = self.made(client)
        rows = [(identifier, number, number + 2, f"Claim number {number}", "[]", None) for number in range(3, 10_000)]
        self.insert("set_claims (set_id, number, line, claim, tags, truth)", rows)
        page = self.visitor(client=client)
        page.goto(f"/sets/{identifier}")
        expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "10001")
        self.assertLess(page.locator(".matrix .line").count(), 60)
        page.locator(".matrix [tabindex='0']").focus()
        page.keyboard.press("Control+End")
        expect(page.get_by_role("row", name="Claim number 9999")).to_be_visible()
        expect(page.get_by_role("row", name="Claim number 9999")).to_have_attribute("aria-rowindex", "10001")
        self.assertLess(page.locator(".matrix .line").count(), 60)

    def test_truth_and_what_the_set_says_as_a_whole_are_shown(self):
        client = self.signed_in(plan="pro")
        identifier = self.made(client)
        page = self.visitor(client=client)
        page.goto(f"/sets/{identifier}")
        expect(page.get_by_role("heading", name="Where the truth is known")).to_be_visible()
        expect(page.get_by_role("img", name="play (mock): 2 right, 1 wrong of 3 claims")).to_be_visible()
        expect(page.get_by_role("img", name="split (mock): 3 unstable of 3 claims")).to_be_visible()
        expect(page.get_by_role("img", name=re.compile(r"^Reliability of play \(mock\)"))).to_be_visible()
        expect(page.get_by_role("row", name=re.compile(r"^play \(mock\) 3 0.223"))).to_be_visible()  # (2 * 0.3² + 0.7²) / 3
        expect(page.get_by_role("heading", name="Who agrees with whom")).to_be_visible()
        expect(page.get_by_role("heading", name="Wordings that pull most")).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("^All 9 of 9 6 3 "))).to_be_visible()  # the totals
        self.axe(page)

    def test_it_is_downloaded_and_deleted(self):
        client = self.signed_in(plan="pro")
        identifier = self.made(client)
        page = self.visitor(client=client)
        page.goto(f"/sets/{identifier}")
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download CSV").click()
        path = self.folder / "set.csv"
        waiting.value.save_as(path)
        self.assertEqual([row["claim"] for row in csv.DictReader(path.read_text().splitlines())][::3], [line.split(",")[0] for line in TABLE.splitlines()[1:]])
        with page.expect_download() as waiting:
            page.get_by_role("link", name="Download Parquet").click()
        self.assertEqual(waiting.value.suggested_filename, "Three-claims.parquet")
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.wait_for_url("**/sets")
        expect(page.get_by_text("No set has been made yet")).to_be_visible()
        self.assertEqual(client.get("/api/checks").json()["checks"], [])

    def test_a_stranger_is_asked_to_sign_in(self):
        identifier = self.made(self.signed_in(plan="pro"), models=["play"])
        page = self.visitor()
        page.goto("/sets")
        expect(page.get_by_text("Sets need an account")).to_be_visible()
        page.goto(f"/sets/{identifier}")
        expect(page.get_by_role("heading", name="There is no")).to_be_visible()
        self.told = [text for text in self.told if "status of 404 " not in text]  # the page itself
