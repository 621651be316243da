"""The page Decisions: what programs had decided, and what would change at the reader's threshold."""
from pages import PageTest, expect

STATE = "The customer wrote: <b>I was charged twice</b>."
REFUND = {"type": "noul", "instructions": "Does the customer ask for a refund?"}
TEAM = {"type": "choice", "instructions": "Which team?", "criteria": {"Billing": "invoices", "Technical": None}}
ANGER = {"type": "score", "instructions": "How angry is the customer?", "criteria": ["calm", "annoyed", "furious"]}


class DecisionPages(PageTest):
    def decided(self, questions, model="split", address="ada@example.org"):
        """A user whose program asked those; the client and the answers."""
        client = self.signed_in(address, "pro")
        key = self.command("user", "key", address, "--name", f"of {model}").strip()
        asked = {"model": model, "state": STATE, "questions": questions}

        def answered():  # with all wordings; a machine that is busy needs several tries, as clients make them
            answer = self.client().post("/v1/systemone", asked, headers={"Authorization": f"Bearer {key}"})
            self.assertIn(answer.status, (200, 503), answer.body)
            said = answer.json().get("answers", {})
            return said if said and all(one["x_wordings"] >= 15 for one in said.values()) else None
        return client, self.wait_for(answered, 120)

    def test_a_decision_changes_where_its_interval_crosses_the_threshold(self):
        client, said = self.decided({"q": REFUND})
        low, high = said["q"]["x_low"] * 100, said["q"]["x_high"] * 100
        self.assertGreater(high - low, 10)
        page = self.visitor(client=client)
        page.goto("/decisions")
        expect(page.get_by_role("heading", name=REFUND["instructions"])).to_be_visible()
        expect(page.get_by_text(STATE)).to_be_visible()  # as text: nothing of it is run
        expect(page.get_by_text(said["q"]["x_record"])).to_be_visible()
        threshold = page.get_by_label("Threshold")
        for value, words, count in ((round(low) - 3, "At or above", 0), (round((low + high) / 2), "Would change: the interval crosses", 1), (round(high) + 3, "Below", 0)):
            threshold.fill(str(value))
            expect(page.locator(".decision .verdict")).to_contain_text(f"{words} {value} %")
            expect(page.get_by_role("status")).to_contain_text(f"{count} of 1 decision would change at {value} %")
            self.assertEqual(page.evaluate("location.pathname + location.search"), f"/decisions?threshold={value}" if value != 50 else "/decisions")

    def test_the_address_keeps_the_threshold_and_what_is_shown(self):
        client, said = self.decided({"q": REFUND, "c": TEAM, "s": ANGER})
        inside = round((said["q"]["x_low"] + said["q"]["x_high"]) * 50)
        page = self.visitor(client=client)
        page.goto(f"/decisions?threshold={inside}&show=changing")
        expect(page.get_by_label("Threshold")).to_have_value(str(inside))
        expect(page.get_by_label("Show")).to_have_value("changing")
        expect(page.get_by_role("heading", name=REFUND["instructions"])).to_be_visible()
        page.get_by_label("Show").select_option("all decisions")
        expect(page.locator(".decision")).to_have_count(3)
        expect(page.locator(".decision", has_text="How angry").locator(".value")).to_contain_text("of 2")
        page.goto("/decisions?threshold=nonsense&show=what")
        expect(page.get_by_label("Threshold")).to_have_value("50")
        expect(page.locator(".decision")).to_have_count(3)

    def test_it_works_by_keyboard_on_a_small_screen_and_for_screen_readers(self):
        client, said = self.decided({"q": REFUND, "c": TEAM, "s": ANGER})
        for width, theme in ((360, "light"), (1280, "dark")):
            page = self.visitor(width=width, theme=theme, client=client)
            page.goto("/decisions")
            expect(page.locator(".decision")).to_have_count(3)
            self.axe(page)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width)
            page.get_by_label("Threshold").focus()
            page.keyboard.press("ArrowUp")
            expect(page.get_by_role("status")).to_contain_text("would change at 51 %")
            page.keyboard.press("Tab")
            page.keyboard.press("ArrowDown")
            expect(page.get_by_label("Show")).to_have_value("changing")
        picture = page.get_by_role("img", name="yes: ").first
        page.get_by_label("Show").select_option("all decisions")
        expect(picture).to_have_attribute("aria-label", f"yes: {said['q']['noul'] * 100:.0f} %, {said['q']['x_low'] * 100:.0f} % to {said['q']['x_high'] * 100:.0f} %")

    def test_more_decisions_come_page_by_page(self):
        client, _ = self.decided({f"q{i}": {"type": "noul", "instructions": f"Is it about item {i}?"} for i in range(60)}, model="play")
        page = self.visitor(client=client)
        page.goto("/decisions")
        expect(page.locator(".decision")).to_have_count(50)
        page.get_by_role("button", name="Show more decisions").click()
        expect(page.locator(".decision")).to_have_count(60)
        expect(page.get_by_role("button", name="Show more decisions")).to_have_count(0)

    def test_an_operator_is_told_how_a_key_is_made(self):
        self.serve_anew(HERETIX_ADMINS="grace@example.org")
        page = self.visitor(client=self.signed_in("grace@example.org"))
        page.goto("/decisions")
        expect(page.get_by_text("As an operator you make keys on the command line, where the service runs.")).to_be_visible()

    def test_others_see_nothing_of_it(self):
        self.decided({"q": REFUND})
        page = self.visitor(client=self.signed_in("grace@example.org"))
        page.goto("/decisions")
        expect(page.get_by_text("No program has asked yet")).to_contain_text("Whoever runs this service makes one for your account.")
        expect(page.get_by_text("heretix user key")).to_have_count(0)
        stranger = self.visitor()
        stranger.goto("/decisions")
        expect(stranger.get_by_role("button", name="Send")).to_be_visible()
