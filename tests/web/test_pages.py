"""Every way through the page, in a real browser, on SQLite and on Postgres."""
import http.server
import json
import re
import signal
import threading
import urllib.parse

from pages import HOSTILE, PageTest, expect

CLAIM = "Copper conducts electricity better than iron"


class PaymentService(http.server.BaseHTTPRequestHandler):
    """Sells at once: its page is where the buyer comes back to."""

    def do_POST(self):
        asked = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        body = json.dumps({"url": asked["success_url"] + "?bought"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Pages(PageTest):
    def test_ask_watch_and_understand_without_an_account(self):
        page = self.visitor()
        page.goto("/")
        page.get_by_label("Claim").fill(CLAIM)
        expect(page.get_by_text(re.compile("At most 16 questions, free"))).to_be_visible()
        self.ask(page, CLAIM, "slow", depth="Quick")
        expect(page.get_by_role("heading", level=1)).to_have_text(CLAIM)
        expect(page.get_by_text(re.compile(r"[1-8] of 8 answers"))).to_be_visible()  # it is watched
        expect(page.locator("button.wording .name").first).to_have_text(re.compile(r"\d+ · .*…"))
        expect(page.get_by_role("progressbar")).to_be_visible()  # still under way: the text came with the answer
        expect(page.get_by_text("Can it be used?")).to_be_visible()
        rows = page.locator("button.wording")
        self.assertGreaterEqual(rows.count(), 7)
        rows.first.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("complementary")).to_contain_text("Prompt")
        expect(page.get_by_role("complementary")).to_contain_text(CLAIM)
        expect(page.get_by_text("What this does not say")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Can it be used?")).to_be_visible()
        self.axe(page)
        page.goto("/")
        page.get_by_label("Claim").fill("Another claim")
        page.get_by_role("checkbox", name="play").check()
        page.get_by_role("button", name="Measure").click()
        expect(page.get_by_role("alert")).to_contain_text("Sign in")
        self.assertEqual(len([t for t in self.told if "status of 402 " in t]), 1)
        self.told = [t for t in self.told if "status of 402 " not in t]

    def test_where_there_is_no_stable_belief_that_is_the_headline_and_its_point_is_hollow(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "split", "other", depth="Quick")
        addresses = page.url
        check, other = (page.locator(".check").filter(has=page.locator(".meta", has_text=name)) for name in ("split", "other"))
        figure = check.locator(".figure")
        expect(figure).to_contain_text("No stable belief: 4 wordings say true, 4 say false")
        expect(figure).to_contain_text("59 %, 2 % to 99 %")
        expect(page.get_by_text("Can it be used?")).to_have_count(2)  # both have ended
        expect(check.locator(".headline")).not_to_contain_text("The model is")
        told = re.compile("no stable belief, centre 59 %, from 2 % to 99 %")
        for place in (check.locator(".headline"), check.locator(".total"), page.get_by_role("region", name="Models side by side")):
            expect(place.get_by_role("img", name=told)).to_be_visible()
            point = place.locator(".point.hollow")
            expect(point).to_have_count(1)
            self.assertEqual(point.evaluate("e => getComputedStyle(e).backgroundColor"), "rgba(0, 0, 0, 0)")
        names = check.locator("button.wording .name").all_inner_texts()
        self.assertEqual(len({int(name.split(" · ")[0]) for name in names} & set(range(1, 17))), 8)  # of sixteen wordings, from 1 on
        expect(other.locator(".point.hollow")).to_have_count(0)
        expect(page.get_by_text("Only with care: there is no stable belief.")).to_have_count(1)
        self.axe(page)

        page.goto("/history")
        page.get_by_role("button", name=CLAIM).click()  # measured with two models: one row that opens
        entry = page.locator(".entry.inner", has_text="split")
        expect(entry.locator(".value")).to_contain_text("59 %")
        expect(entry.locator(".value")).to_contain_text("unstable")
        expect(entry.get_by_role("img", name=told)).to_be_visible()
        expect(entry.locator(".point.hollow")).to_have_count(1)
        expect(page.locator(".entry.inner .point:not(.hollow)")).to_have_count(1)  # of the other model
        self.axe(page)

        page.goto(addresses)
        page.get_by_role("link", name="What is the difference?").click()
        expect(page.get_by_role("table", name="The two checks").get_by_role("row", name="split")).to_contain_text("no stable belief")
        self.differences_are_those_of_the_printed_numbers(page)
        self.axe(page)

    def differences_are_those_of_the_printed_numbers(self, page):
        """Of the page that compares two checks."""
        def number(text):
            return float(re.match(r"[+-]?[\d.]+", text.replace("−", "-"))[0])
        expect(page.locator(".figure strong")).to_be_visible()
        a, b = map(number, page.get_by_role("table", name="The two checks").locator("tbody td:last-child").all_inner_texts())
        self.assertAlmostEqual(number(page.locator(".figure strong").inner_text()), a - b)
        differences = []
        for row in page.get_by_role("table", name="Wordings").locator("tbody tr").all():
            a, b, difference = map(number, row.locator("td:not(.picture)").all_inner_texts())
            self.assertAlmostEqual(difference, a - b)
            differences.append(abs(difference))
        self.assertEqual(differences, sorted(differences, reverse=True))
        return differences

    def test_every_wording_is_a_point_over_one_scale_and_contradictions_hang_below(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "split", "other", depth="Quick")
        split, other = (page.locator(".check").filter(has=page.locator(".meta", has_text=name)).locator(".strip") for name in ("split", "other"))
        expect(page.get_by_text("Can it be used?")).to_have_count(2)  # both have ended
        expect(split.locator(".dot")).to_have_count(8)
        expect(split.locator(".camps")).to_have_text("4 say false4 say true")
        expect(split.get_by_text("The wording decides: 4 wordings say true, 4 say false.")).to_be_visible()
        expect(split.locator("path")).to_have_count(1)
        expect(split.locator("path.wordings")).to_have_count(1)
        expect(other.locator("path")).to_have_count(0)
        expect(other.get_by_text("No contradiction: 8 wordings, and none says the opposite of another.")).to_be_visible()

        # One stop of the Tab key; arrow keys go along the scale, and what is reached is told and shown.
        expect(split.locator('.dot[tabindex="0"]')).to_have_count(1)
        split.locator(".dot").first.focus()
        page.keyboard.press("End")
        reached = page.locator(":focus")
        expect(reached).to_have_attribute("aria-label", re.compile(r"Wording \d+, .*….*: 99\.5 %"))
        expect(split.locator(".pointed")).to_have_text(re.compile(r"99\.5 % \d+ · .*…"))
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile(": 12 %$"))
        expect(page.locator("button.wording[aria-pressed=true] .value")).to_have_text("12 %")

        # A point stands at its value, and those that would cover each other are piled up.
        track = split.locator(".pile").bounding_box()
        boxes = [dot.bounding_box() for dot in split.locator(".dot").all()]
        places = [(box["x"] + box["width"] / 2 - track["x"]) / track["width"] for box in boxes]
        for place, value in zip(places, (0.005, 0.005, 0.074, 0.12, 0.8, 0.995, 0.995, 0.995), strict=True):
            self.assertAlmostEqual(place, value, delta=0.01)
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                apart = abs(a["x"] - b["x"]) >= a["width"] - 1 or abs(a["y"] - b["y"]) >= a["height"] - 1
                self.assertTrue(apart, (a, b))
        self.axe(page)

    def test_a_wording_that_contradicts_itself_is_marked(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "wavers", depth="Deep")
        expect(page.get_by_text("Can it be used?")).to_be_visible()
        strip = page.locator(".strip")
        expect(strip.get_by_text("The wording decides: 13 wordings say true, 1 says false.")).to_be_visible()
        expect(strip.get_by_text("Asked again in the same words, it says both true and false: wordings 3 and 8.")).to_be_visible()
        expect(strip.locator("path.replicates")).to_have_count(2)
        expect(strip.locator(".dot.both")).to_have_count(2)
        for dot, number in zip(strip.locator(".dot.both").all(), (3, 8), strict=True):
            expect(dot).to_have_attribute("aria-label", re.compile(f"^Wording {number}, "))
        self.axe(page)

    def test_wordings_are_named_by_their_text_and_long_ones_wrap(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM, model="wavers", depth="deep")["id"])
        for width in (1280, 360):
            page = self.visitor(width=width, client=client)
            page.goto(f"/checks/{check['id']}")
            names = page.locator("button.wording .name")
            expect(names.first).to_have_text("1 · How likely is it that this is true? …")
            expect(names.nth(4)).to_have_text("5 · Picture a hundred assertions exactly as well supported as … In what share of them would the assertion turn out true?")
            expect(names.nth(15)).to_have_text("16 · Your colleague reads out … and wants one calibrated estimate of its truth.")
            for name in names.all():
                self.assertTrue(name.evaluate("e => e.scrollWidth <= e.clientWidth && getComputedStyle(e).textOverflow != 'ellipsis'"))
            self.assertGreater(names.nth(4).bounding_box()["height"], 1.5 * names.nth(0).bounding_box()["height"])
            expect(page.get_by_role("button", name=re.compile("^Wording 3, … State your degree of belief as a number.: 45 %")).first).to_be_visible()
            self.axe(page)

    def test_the_largest_printed_difference_comes_first(self):
        client = self.signed_in(plan="pro")
        ids = [self.finished(client, self.check(client, CLAIM, model=model, depth="deep")["id"])["id"] for model in ("split", "wavers")]
        page = self.visitor(client=client)
        page.goto(f"/compare?a={ids[0]}&b={ids[1]}")
        differences = self.differences_are_those_of_the_printed_numbers(page)
        self.assertEqual(len(differences), 16)
        first = page.get_by_role("table", name="Wordings").locator("tbody tr").first
        expect(first.locator(".picture .mark")).to_have_count(2)
        self.axe(page)

    def test_prompts_and_answers_are_on_paper(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM, model="wavers", depth="deep")["id"])
        page = self.visitor(client=client)
        page.goto(f"/checks/{check['id']}")
        every = page.get_by_role("region", name="Every prompt and answer")
        texts = every.locator("pre")
        expect(texts).to_have_count(1 + 16 + 48)
        expect(texts.nth(5)).to_be_hidden()  # folded away on the screen
        every.locator("summary").nth(1).click()
        expect(texts.nth(1)).to_be_visible()
        self.axe(page)
        page.emulate_media(media="print")
        for text in texts.all():
            expect(text).to_be_visible()
        expect(page.get_by_role("complementary")).to_be_hidden()
        expect(page.locator(".strip .dot").first).to_be_visible()

    def test_the_frozen_numbers_are_folded_away(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "split", depth="Quick")
        earlier = page.locator("details.earlier")
        frozen = earlier.get_by_text("86 %").first
        expect(earlier.locator("summary")).to_have_text("For comparison with earlier runs")
        expect(frozen).to_be_hidden()
        earlier.locator("summary").click()
        expect(frozen).to_be_visible()
        for word in ("Frozen estimate", "Honest interval", "Quality", "Stability", "precision"):
            expect(earlier).to_contain_text(word)
        self.axe(page)

        outside = page.locator("main").evaluate("main => { const copy = main.cloneNode(true); copy.querySelector('details.earlier').remove(); return copy.textContent; }")
        self.assertIn("59 %", outside)
        for word in ("86 %", "Frozen", "frozen", "Honest", "Quality", "precision"):
            self.assertNotIn(word, outside)

    def test_answers_arrive_and_survive_a_reload_and_a_restart(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "slow", depth="Deep")
        expect(page.get_by_text(re.compile(r"([3-9]|[1-4]\d) of 48 answers"))).to_be_visible()
        page.reload()
        expect(page.get_by_text(re.compile(r"\d+ of 48 answers"))).to_be_visible()
        port = self.port
        self.stop(self.process, signal.SIGTERM)
        self.serve(port=port)
        expect(page.get_by_text(re.compile(r"[1-4]\d of 48 answers"))).to_be_visible(timeout=60000)
        expect(page.get_by_text("Can it be used?")).to_be_visible(timeout=60000)
        expect(page.get_by_text("refused").first).to_be_visible()
        self.told = [t for t in self.told if not re.search(r"net::ERR_|status of 50[0-9] ", t)]  # the browser tells of the time without a server

    def test_more_models_than_a_browser_has_connections(self):
        client = self.signed_in(plan="pro")
        ids = [self.check(client, f"{CLAIM} {i}", model="slow", depth="quick")["id"] for i in range(7)]
        page = self.visitor(client=client)
        page.goto("/checks/" + ",".join(ids))
        expect(page.get_by_text("Can it be used?")).to_have_count(7, timeout=90000)

    def test_plans_are_bought_and_changed_at_the_payment_service(self):
        stripe = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PaymentService)
        threading.Thread(target=stripe.serve_forever, daemon=True).start()
        self.addCleanup(stripe.server_close)
        self.addCleanup(stripe.shutdown)
        self.serve_anew(HERETIX_STRIPE_KEY="sk_test_1", HERETIX_STRIPE_WEBHOOK_SECRET="whsec_1", HERETIX_STRIPE_PRICES="core=price_c",
                        HERETIX_STRIPE_URL=f"http://127.0.0.1:{stripe.server_port}")
        page = self.visitor(client=self.signed_in())
        page.goto("/billing")
        self.axe(page)
        expect(page.get_by_role("button", name="Choose Pro")).to_have_count(0)  # it has no price here
        page.get_by_role("button", name="Choose Core").click()
        page.wait_for_url("**/billing?bought")
        expect(page.get_by_role("heading", name="Core")).to_be_visible()

    def test_what_the_plan_does_not_cover_is_said(self):
        client = self.signed_in()
        for i in range(2):
            self.check(client, f"{CLAIM} {i}")
        page = self.visitor(client=client)
        self.ask(page, CLAIM, "play", "other")
        expect(page.get_by_role("alert")).to_contain_text("no check was left: other")
        expect(page.get_by_text("Can it be used?")).to_be_visible()
        self.told = [t for t in self.told if "status of 402 " not in t]
        stranger = self.visitor()
        stranger.goto("/")
        stranger.get_by_label("Claim").fill(CLAIM)
        for name in ("play", "other"):
            stranger.get_by_role("checkbox", name=name).check()
        expect(stranger.get_by_text("Without an account one model")).to_be_visible()
        expect(stranger.get_by_role("button", name="Measure")).to_be_disabled()

    def test_a_model_that_states_probabilities_shows_both_sides(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        page.goto("/")
        page.get_by_label("Claim").fill(CLAIM)
        page.get_by_role("radio", name="Quick").check()
        expect(page.get_by_text(re.compile("At most 8 questions"))).to_be_visible()
        page.get_by_role("radio", name="Stated").check()
        expect(page.get_by_text(re.compile("At most 16 questions, free"))).to_be_visible()
        page.get_by_role("checkbox", name="play").uncheck()
        page.get_by_role("checkbox", name="leaning").check()
        page.get_by_role("button", name="Measure").click()
        page.wait_for_url("**/checks/**")

        sides = page.get_by_role("region", name="Both sides")
        expect(sides).to_contain_text("The claim gets 80 %")
        expect(sides).to_contain_text("Its negation gets 60 %")
        expect(sides).to_contain_text("Together they add up to 140 % on average; for a coherent model it would be 100 %")
        expect(sides).to_contain_text("Yes-bias: +0.90 in log-odds")
        expect(sides).to_contain_text("it says yes to both sides more than is coherent")
        expect(sides).to_contain_text("8 of 8 wordings contradict their own negation")
        strip = page.locator(".strip")
        expect(strip.locator(".dot.both")).to_have_count(8)
        expect(strip.locator("path.sides")).to_have_count(8)
        expect(strip.locator("path.sides").first).to_have_attribute("d", re.compile("^M 80 0 .* 40 0$"))  # the negation's 60 % says 40 %
        expect(strip.get_by_text(re.compile("It calls a statement and its negation both likely, or both unlikely: wordings .* and "))).to_be_visible()
        page.locator("button.wording").first.click()
        detail = page.get_by_role("complementary")
        expect(detail).to_contain_text("Its negation")
        expect(detail).to_contain_text("from 80 % for the statement and 60 % for its negation")
        expect(detail).to_contain_text("The two sides contradict each other")
        self.axe(page)
        page.reload()
        expect(page.get_by_role("region", name="Both sides")).to_be_visible()
        narrow = self.visitor(width=360, theme="dark", client=None)
        narrow.context.add_cookies([{**cookie, "sameSite": "Lax"} for cookie in page.context.cookies()])
        narrow.goto(page.url)
        expect(narrow.get_by_role("region", name="Both sides")).to_be_visible()
        self.assertLessEqual(narrow.evaluate("document.documentElement.scrollWidth"), 360)
        self.axe(narrow)

    def test_a_question_is_measured_once_the_visitor_says_so(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        page.goto("/")
        page.get_by_label("Claim").fill("Is the earth flat?")
        page.get_by_role("radio", name="Quick").check()
        page.get_by_role("button", name="Measure").click()
        expect(page.get_by_role("alert")).to_contain_text("The claim is a question, which is neither true nor false.")
        page.get_by_role("checkbox", name="Measure the question as it is").check()
        page.get_by_role("button", name="Measure").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Is the earth flat?")
        self.told = [t for t in self.told if "status of 422 " not in t]

    def test_cancel(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "slow", depth="Deep")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("The check was cancelled")).to_be_visible()

    def test_several_models_compare_and_delete(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "play", "other")
        expect(page.get_by_text("Can it be used?")).to_have_count(2)
        expect(page.get_by_text("Mock numbers: a script answered in the model’s place; no model was asked.")).to_have_count(2)
        side = page.get_by_role("table", name="Models side by side")
        expect(side.get_by_text("play (mock)")).to_be_visible()
        expect(side.get_by_role("row")).to_have_count(3)
        expect(side.locator(".axis")).to_have_count(1)  # one for all models
        expect(side.locator(".point")).to_have_count(2)
        wordings = page.get_by_role("table", name="Every wording, by all models")
        expect(wordings.locator(".axis")).to_have_count(1)
        expect(wordings.get_by_role("img", name=re.compile(r"^play \(mock\): \d+ %, other \(mock\): \d+ %$")).first.locator(".mark")).to_have_count(2)
        page.get_by_role("link", name="What is the difference?").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Compare")
        expect(page.get_by_text(re.compile("The first is higher|Compared wording")).first).to_be_visible()
        self.differences_are_those_of_the_printed_numbers(page)
        self.axe(page)
        page.get_by_role("link", name="History").click()
        expect(page.locator(".entry")).to_have_count(1)  # one claim
        page.get_by_label("Model").select_option("other")
        expect(page.get_by_role("link", name=CLAIM).first).to_be_visible()
        page.get_by_label("Model").select_option("")
        page.get_by_role("button", name=CLAIM).click()
        expect(page.locator(".entry.inner")).to_have_count(2)
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Compare two").click()
        page.wait_for_url("**/compare?**")
        page.go_back()
        page.get_by_role("button", name=CLAIM).click()
        page.get_by_role("button", name=f"Delete: {CLAIM}").first.click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.locator(".entry")).to_have_count(1)
        page.get_by_role("link", name=f"Measure again: {CLAIM}").click()
        expect(page.get_by_label("Claim")).to_have_value(CLAIM)
        page.get_by_role("button", name="Measure").click()
        expect(page.get_by_text("Can it be used?")).to_be_visible()
        expect(page.get_by_text("measured before")).to_have_count(0)

    def test_share_export_and_copy(self):
        page = self.visitor(client=self.signed_in(plan="pro"), permissions=["clipboard-read", "clipboard-write"])
        self.ask(page, CLAIM, "play")
        page.get_by_role("button", name="Copy the numbers").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        self.assertIn(f"claim\t{CLAIM}", page.evaluate("navigator.clipboard.readText()"))
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as one file").click()
        saved = self.folder / "saved.html"
        download.value.save_as(saved)
        self.assertNotIn("<script", saved.read_text())
        self.assertNotRegex(saved.read_text(), r"(src|href)=\"?(http|/assets)")
        alone = self.browser.new_page()
        alone.goto(saved.as_uri())
        expect(alone.get_by_role("heading", level=1)).to_have_text(CLAIM)
        self.the_saved_page_holds_every_prompt_and_answer(alone)
        page.get_by_role("button", name="Share by an address").click()
        address = page.locator(".sharing p > a").first.get_attribute("href")
        stranger = self.visitor()
        stranger.goto(address)
        expect(stranger.get_by_role("heading", level=1)).to_have_text(CLAIM)
        stranger.locator("button.wording").first.focus()
        expect(stranger.get_by_role("complementary")).to_contain_text("Prompt")
        expect(stranger.get_by_role("button", name="Delete")).to_have_count(0)
        self.axe(stranger)
        page.get_by_role("button", name="Stop sharing").click()
        expect(page.get_by_role("button", name="Share by an address")).to_be_visible()
        self.assertEqual(self.client().get("/api" + address).status, 404)

    def the_saved_page_holds_every_prompt_and_answer(self, saved):
        wordings = saved.locator(".every details:has(b)")
        self.assertGreaterEqual(wordings.count(), 8)
        for wording in wordings.all():
            wording.locator("summary").click()  # folded on the screen, without any script
            expect(wording.locator("pre").first).to_be_visible()
            expect(wording.locator("pre").first).to_contain_text(f"<claim>{CLAIM}</claim>")
            expect(wording.locator("pre").nth(1)).to_contain_text(re.compile("prob_true|^hm$"))
            wording.locator("summary").click()
            expect(wording.locator("pre").first).to_be_hidden()
        expect(saved.locator(".detail, button")).to_have_count(0)
        point = saved.get_by_role("img", name=re.compile(r"^Wording \d+, .*: 70 %$")).first
        self.assertAlmostEqual(point.evaluate("e => parseFloat(e.style.left)"), 70)
        saved.emulate_media(media="print")
        for text in saved.locator(".every pre").all():
            expect(text).to_be_visible()

    def test_sign_in_by_mail_account_and_sessions(self):
        page = self.visitor()
        page.goto("/sign-in")
        page.get_by_label("Mail address").fill("eve@example.org")
        page.get_by_role("button", name="Send the link").click()
        expect(page.get_by_role("status").first).to_contain_text("on its way")
        self.axe(page)
        mail = self.wait_for(self.mails)[-1][1]
        page.goto(re.search(r"(http://\S+/sign-in/\S+)", mail)[1])
        self.axe(page)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("0 of 3 checks used")).to_be_visible()
        for path, text in (("/usage", "of 3 checks used"), ("/billing", "Plans cannot be bought here"), ("/sessions", "Where you are signed in")):
            page.goto(path)
            expect(page.get_by_text(text)).to_be_visible()
            self.axe(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download everything").click()
        self.assertEqual(json.loads(download.value.path().read_text())["email"], "eve@example.org")
        page.get_by_role("button", name="Close the account").click()
        page.get_by_label("Type your address").fill("eve@example.org")
        page.get_by_role("button", name="Close it for good").click()
        expect(page.get_by_text("The first check needs no account")).to_be_visible()
        self.assertEqual(self.rows("SELECT count(*) FROM users WHERE email = 'eve@example.org'"), [(0,)])

    def test_operators_see_jobs(self):
        self.serve_anew(HERETIX_ADMINS="ada@example.org")
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, CLAIM, "play")
        expect(page.get_by_text("Can it be used?")).to_be_visible(timeout=60000)
        page.get_by_role("link", name="Operation").click()
        expect(page.get_by_text("The service is ready")).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("check done"))).to_be_visible()
        expect(page.get_by_role("row", name="pro 1 1 of 750")).to_be_visible()
        self.axe(page)

    def test_hostile_claims_and_model_texts_are_text(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        self.ask(page, HOSTILE, "slow", depth="Deep")
        expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
        expect(page.get_by_text("Can it be used?")).to_be_visible(timeout=60000)
        page.locator("button.wording", has_text="refused").first.focus()
        expect(page.get_by_role("complementary")).to_contain_text("onerror=alert(1)")
        self.assertEqual(page.locator("main img, main script").count(), 0)
        page.goto("/history")
        expect(page.locator(".entry")).to_contain_text("onerror")
        self.assertEqual(page.locator("main img, main script").count(), 0)

    def test_dark_small_and_by_keyboard(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        page = self.visitor(width=360, theme="dark", client=client)
        for path in ("/", "/history", f"/checks/{check['id']}", "/usage", "/billing", "/sessions"):
            page.goto(path)
            page.wait_for_load_state("networkidle")
            self.axe(page)
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 360, path)
        page.goto("/")
        expect(page.get_by_label("Claim")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to the content")).to_be_focused()

    def test_the_page_is_small_packed_and_strict(self):
        client = self.client()
        first = client.get("/", headers={"Accept-Encoding": "gzip"})
        self.assertEqual((first.status, first.headers["Content-Encoding"]), (200, "gzip"))
        self.assertNotIn("unsafe", first.headers["Content-Security-Policy"])
        names = re.findall(r"/assets/([\w.-]+)", client.get("/").body.decode())
        self.assertEqual(len(names), 2)
        script = client.get("/assets/" + next(n for n in names if n.endswith(".js")), headers={"Accept-Encoding": "gzip"})
        self.assertLess(len(script.body), 200_000)
        self.assertIn("immutable", script.headers["Cache-Control"])
        for sheet in ("/style.css", "/assets/" + next(n for n in names if n.endswith(".css"))):  # of the pages that the server writes, and of this one
            style = client.get(sheet).body.decode()
            self.assertGreaterEqual({name for name in re.findall(r"(--[a-z-]+):", style)}, set(re.findall(r"var\((--[a-z-]+)\)", style)), sheet)
            self.assertRegex(style, r"--attention: ?light-dark\(#9a4a00, ?#f0a860\)", "web/src/palette.css")
            self.assertNotRegex(style[style.index("--on-measure"):].split("}", 1)[1], "#[0-9a-f]{3}", "a colour beside the palette")
        self.assertEqual(client.get("/assets/none.js").status, 404)
        self.assertEqual(client.get("/checks/a,b").headers["Content-Type"], "text/html; charset=utf-8")
