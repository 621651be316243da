"""The history in a real browser: beliefs with their intervals, a row for each claim, filters in the address."""
import re

from pages import PageTest, expect

CLAIM = "Copper conducts electricity better than iron"


class History(PageTest):
    def setUp(self):
        super().setUp()
        self.owner = self.signed_in(plan="pro")

    def measured(self, claim, model="play", **fields):
        return self.finished(self.owner, self.check(self.owner, claim, model=model, depth="quick", **fields)["id"])

    def test_again_asks_as_it_was_asked(self):
        self.measured(CLAIM)
        self.finished(self.owner, self.check(self.owner, "Tea contains caffeine", model="leaning", depth="custom", K=12, R=1, T=6, readout="decision")["id"])
        page = self.visitor(client=self.owner)
        page.goto("/history")
        page.get_by_role("link", name=f"Measure again: {CLAIM}").click()
        expect(page.get_by_role("radio", name="Quick")).to_be_checked()
        page.go_back()
        page.get_by_role("link", name="Measure again: Tea").click()
        expect(page.get_by_role("checkbox", name="leaning")).to_be_checked()
        expect(page.get_by_role("radio", name="Custom")).to_be_checked()
        expect(page.get_by_role("spinbutton", name="questions")).to_have_value("12")
        expect(page.get_by_role("spinbutton", name="wordings")).to_have_value("6")
        self.assertIn("readout=decision", page.url)

    def test_a_claim_of_several_checks_is_one_row_that_opens(self):
        first = self.measured(CLAIM)
        self.measured(CLAIM, fresh=True)
        other = self.measured(CLAIM, model="other")
        self.measured(CLAIM, model="split")
        self.measured("Tea contains caffeine")
        page = self.visitor(client=self.owner)
        page.goto("/history")
        expect(page.locator(".entry")).to_have_count(2)
        expect(page.get_by_role("status").last).to_have_text("5 checks of 2 claims")
        group = page.locator(".entry.several")
        opener = group.get_by_role("button", name=CLAIM)
        expect(opener).to_have_attribute("aria-expanded", "false")
        expect(opener).to_contain_text("3 models · 4 checks")
        low, high = (f"{100 * check['result']['p']:.0f}" for check in (other, first))
        expect(group.locator(".value")).to_contain_text(f"{low} to {high} %")
        told = re.compile(r"^split \(mock\): no stable belief, centre 59 %, from 2 % to 99 %; other \(mock\): \d+ %, from .*; play \(mock\): ")
        expect(group.get_by_role("img")).to_have_attribute("aria-label", told)
        expect(group.locator(".point")).to_have_count(3)
        expect(group.locator(".point.hollow")).to_have_count(1)
        tea = page.locator(".entry", has_text="Tea")
        expect(tea.locator(".value")).to_have_text(re.compile(r"^\d+ %\d+ % to \d+ %$"))  # with its interval
        self.axe(page)

        opener.focus()
        page.keyboard.press("Enter")
        expect(opener).to_have_attribute("aria-expanded", "true")
        inner = page.locator(".entry.inner")
        expect(inner).to_have_count(4)
        self.assertEqual([text.split("\n")[0] for text in inner.locator("a b").all_inner_texts()], ["split (mock)", "other (mock)", "play (mock)", "play (mock)"])
        for entry, range_text in ((inner.nth(0), "2 % to 99 %"), (inner.nth(1), re.compile(r"\d+ % to \d+ %"))):
            expect(entry.locator(".value")).to_contain_text(range_text)
        self.axe(page)

        # What is deleted within is gone without, and the row stays open.
        inner.nth(0).get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(inner).to_have_count(3)
        expect(opener).to_contain_text("2 models · 3 checks")
        for left in (2, 0):
            inner.nth(0).get_by_role("button", name="Delete").click()
            page.get_by_role("dialog").get_by_role("button", name="Delete").click()
            expect(inner).to_have_count(left)
        expect(page.locator(".entry")).to_have_count(2)  # one check is left, which is a row itself
        expect(page.locator(".entry.several")).to_have_count(0)
        expect(page.locator(".entry", has_text=CLAIM).get_by_role("link", name=CLAIM).first).to_have_attribute("href", f"/checks/{first['id']}")

    def test_a_row_closes_and_two_of_its_checks_are_compared(self):
        self.measured(CLAIM)
        self.measured(CLAIM, model="other")
        page = self.visitor(client=self.owner)
        page.goto("/history")
        opener = page.locator(".entry.several").get_by_role("button")
        opener.click()
        expect(page.locator(".entry.inner")).to_have_count(2)
        opener.click()
        expect(page.locator(".entry.inner")).to_have_count(0)
        opener.click()
        expect(page.locator(".entry.inner")).to_have_count(2)
        for box in page.locator(".entry.inner").get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Compare two").click()
        page.wait_for_url("**/compare?**")
        expect(page.get_by_role("heading", level=1)).to_have_text("Compare")

    def test_filters_stand_in_the_address(self):
        for claim, model in ((CLAIM, "play"), (CLAIM, "other"), ("Tea contains caffeine", "play"), ("Tea is a mineral", "play")):
            self.measured(claim, model)
        page = self.visitor(client=self.owner)
        entries = page.locator(".entry")
        page.goto("/history")
        expect(entries).to_have_count(3)
        self.assertEqual([e.split("\n")[0] for e in entries.locator("b").all_inner_texts()], ["Tea is a mineral", "Tea contains caffeine", CLAIM])
        page.get_by_label("Order").select_option("oldest")
        expect(entries.first).to_contain_text(CLAIM)
        page.get_by_label("Model").select_option("other")
        expect(entries).to_have_count(1)
        expect(page).to_have_url(re.compile(r"/history\?model=other&sort=oldest$"))
        page.get_by_label("Model").select_option("")
        expect(entries).to_have_count(3)
        page.get_by_label("Search in claims").press_sequentially("tea", delay=30)
        expect(entries).to_have_count(2)
        expect(page).to_have_url(re.compile(r"/history\?search=tea&sort=oldest$"))
        page.get_by_label("Search in claims").press_sequentially(" is", delay=30)
        expect(entries).to_have_count(1)
        expect(page).to_have_url(re.compile(r"/history\?search=tea\+is&sort=oldest$"))

        # Another visitor's tab shows the same at that address; so does a reload.
        for there in (self.visitor(client=self.owner), page):
            there.goto(page.url)
            expect(there.locator(".entry")).to_have_count(1)
            expect(there.get_by_label("Search in claims")).to_have_value("tea is")
            expect(there.get_by_label("Order")).to_have_value("oldest")

        # Back: what was typed in one go is one step; then each filter.
        page.go_back()
        expect(page).to_have_url(re.compile(r"/history\?sort=oldest$"))
        expect(page.get_by_label("Search in claims")).to_have_value("")
        expect(entries).to_have_count(3)
        page.go_back()
        expect(page.get_by_label("Model")).to_have_value("other")
        expect(entries).to_have_count(1)
        page.go_back()
        page.go_back()
        expect(page).to_have_url(re.compile(r"/history$"))
        expect(page.get_by_label("Order")).to_have_value("")
        expect(entries.first).to_contain_text("Tea is a mineral")
        page.go_forward()
        expect(entries.first).to_contain_text(CLAIM)

        page.goto("/history?state=failed&model=gone%2Fmodel")
        expect(page.get_by_label("Model")).to_have_value("gone/model")
        expect(page.get_by_text("No check matches")).to_be_visible()
        self.axe(page)
        page.get_by_role("link", name="Show all").click()
        expect(entries).to_have_count(3)

    def test_long_histories_load_as_they_are_read(self):
        one = self.measured(CLAIM)["id"]
        columns = [row[0] for row in self.columns_of("checks")]
        names = ", ".join(f'"{name}"' for name in columns if name not in ("id", "run_id", "claim", "claim_hash", "created_at"))
        self.copy(one, names, 260)
        page = self.visitor(client=self.owner)
        page.goto("/history")
        expect(page.get_by_role("status").last).to_contain_text("100 checks of 100 claims shown, more below")
        for count in (200, 261):
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            expect(page.get_by_role("status").last).to_contain_text(f"{count} checks of {count} claims")
        expect(page.get_by_role("status").last).not_to_contain_text("more")
        seen = set()
        for top in range(0, 262 * 76, 600):
            page.evaluate("top => { scrollTo(0, top); return new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))); }", top)
            seen |= set(page.locator(".entry b").all_inner_texts())
        self.assertEqual(len(seen), 261)

    def columns_of(self, table):
        if self.store == "sqlite":
            return [(row[1],) for row in self.rows(f"PRAGMA table_info({table})")]
        return self.rows("SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)

    def copy(self, identifier, names, count):
        """As many other claims, measured as that check was."""
        requests = ", ".join(f'"{row[0]}"' for row in self.columns_of("check_requests") if row[0] not in ("check_id", "share_id"))
        for i in range(count):
            new = f"00000000-0000-4000-8000-{i:012}"
            self.rows(f"INSERT INTO checks (id, run_id, claim, claim_hash, created_at, {names}) SELECT %s, %s, %s, %s, %s, {names} FROM checks WHERE id = %s",
                      new, f"heretix-rpl-000000000000-{i:012}", f"Claim number {i}", f"hash {i}", f"2026-01-02 {i // 60:02}:{i % 60:02}:00.000000", identifier)
            self.rows(f"INSERT INTO check_requests (check_id, {requests}) SELECT %s, {requests} FROM check_requests WHERE check_id = %s", new, identifier)
