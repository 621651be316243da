"""What addresses say: pages that are not there, titles, previews of links, filters and choices, in a real browser."""
import html.parser
import re
import uuid

from pages import HOSTILE, PageTest, expect

CLAIM = "Copper conducts electricity better than iron"
COMMAND_LINE = re.compile(r"--[a-z]|\bheretix [a-z]|[\w/]\.(md|json|ya?ml|sqlite|gguf)\b|(^|[ (])-[KRT]\b|HERETIX_")


class Head(html.parser.HTMLParser):
    """The title and the meta elements of a page, as a program reads them that runs no script."""

    def __init__(self, text):
        super().__init__()
        self.title, self.meta, self.elements, self.is_title = "", {}, [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append(tag)
        self.is_title = tag == "title"
        if tag == "meta":
            self.meta[attributes.get("property") or attributes.get("name")] = attributes.get("content")

    def handle_endtag(self, tag):
        self.is_title = False

    def handle_data(self, data):
        if self.is_title:
            self.title += data


class Addresses(PageTest):
    def missed(self, *words):
        """The browser tells of every response with an error; these were wanted."""
        self.told = [t for t in self.told if not any(word in t for word in ("status of 404 ", *words))]

    def test_unknown_addresses_have_a_page_of_their_own(self):
        client = self.client()
        for path in ("/nowhere", "/checks", "/checks/a/b", "/history/", "/shared", "/api.html", "/assetsx"):
            answer = client.get(path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (404, "text/html; charset=utf-8"), path)
            text = answer.body.decode()
            self.assertEqual(Head(text).title, "There is no page at this address · Heretix")
            self.assertIn('<a href="/">', text)  # a way back for who has no script
            self.assertIn("Content-Security-Policy", answer.headers)
        for path, status in ((f"/checks/{uuid.uuid4()}", 404), ("/checks/none", 404), ("/shared/none", 404)):
            answer = client.get(path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "text/html; charset=utf-8"), path)
        for method, path in (("GET", "/api"), ("GET", "/api/nowhere"), ("GET", "/assets/none.js"), ("POST", "/nowhere"), ("DELETE", "/nowhere")):
            answer = client.request(method, path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (404, "application/problem+json"), path)
        self.assertEqual((client.request("HEAD", "/nowhere").status, client.request("HEAD", "/nowhere").body), (404, b""))

        for signed_in in (None, self.signed_in()):
            page = self.visitor(client=signed_in)
            for path, title in (("/nowhere", "There is no page at this address"), ("/checks/a/b", "There is no page at this address"), ("/shared/none", "This result is not shared"),
                                (f"/checks/{uuid.uuid4()}", "There is no such check"), (f"/claims/{uuid.uuid4()}", "There is no such check"),
                                (f"/compare?a={uuid.uuid4()}&b={uuid.uuid4()}", "There is no such check"),
                                *([(f"/sets/{uuid.uuid4()}", "There is no such set")] if signed_in else []), ("/shared/%E0%A4%A", "There is no page at this address")):
                page.goto(path)
                expect(page.get_by_role("heading", level=1)).to_have_text(title)
                expect(page).to_have_title(f"{title} · Heretix")
                expect(page.get_by_role("navigation")).to_be_visible()
                self.axe(page)
                main = page.get_by_role("main")
                expect(main.get_by_role("link", name="Sign in")).to_have_count(1 if "check" in title and not signed_in else 0)
                main.get_by_role("link", name="Ask about a claim").click()
                expect(page.get_by_label("Claim")).to_be_visible()
        without = self.visitor(java_script_enabled=False)
        without.goto("/nowhere")
        expect(without.get_by_role("heading", level=1)).to_have_text("There is no page at this address")
        without.get_by_role("link", name="Ask about a claim").click()
        self.assertIn("needs JavaScript", without.content())
        self.missed("status of 400 ")

    def test_every_page_has_its_title(self):
        self.serve_anew(HERETIX_ADMINS="ada@example.org")
        client = self.signed_in(plan="pro")
        ids = [self.finished(client, self.check(client, CLAIM, model=model)["id"])["id"] for model in ("play", "other")]
        share = client.post(f"/api/checks/{ids[0]}/share").json()["share"]
        page = self.visitor(client=client)
        titles = {"/": "Ask", "/history": "History", "/usage": "Usage", "/billing": "Plan", "/sessions": "Sessions and data", "/admin": "Operation", "/sign-in": "Sign in",
                  f"/checks/{ids[0]}": CLAIM, f"/checks/{','.join(ids)}": CLAIM, f"/shared/{share}": CLAIM, f"/compare?a={ids[0]}&b={ids[1]}": f"{CLAIM}: play (mock) and other (mock)"}
        for path, title in titles.items():
            page.goto(path)
            expect(page).to_have_title(f"{title} · Heretix")
        page.goto("/history")
        page.get_by_role("link", name="Ask", exact=True).click()
        expect(page).to_have_title("Ask · Heretix")
        page.go_back()
        expect(page).to_have_title("History · Heretix")

    def test_previews_of_links_name_the_claim_to_those_who_may_see_it(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        other = self.finished(client, self.check(client, CLAIM, model="other")["id"])
        share = client.post(f"/api/checks/{check['id']}/share").json()["share"]
        p, (low, high) = (f"{100 * check['result']['p']:.0f} %", [f"{100 * end:.0f} %" for end in check["result"]["ci95"]])

        def head(who, path, status=200):
            answer = who.get(path)
            self.assertEqual(answer.status, status, path)
            return answer, Head(answer.body.decode())

        for who, path in ((client, f"/checks/{check['id']}"), (self.client(), f"/shared/{share}")):
            answer, found = head(who, path)
            self.assertEqual(found.title, f"{CLAIM} · Heretix")
            self.assertEqual(found.meta["og:title"], CLAIM)
            self.assertIn(f"play gives it {p}, between {low} and {high}.", found.meta["og:description"])
            self.assertEqual(found.meta["description"], found.meta["og:description"])
            self.assertEqual(found.meta["og:url"], f"http://127.0.0.1:{self.port}{path}")
            self.assertEqual((found.meta["og:type"], found.meta["og:site_name"]), ("article", "Heretix"))
            self.assertEqual(answer.headers["Vary"], "Cookie")
        self.assertEqual(head(client, f"/checks/{check['id']}")[0].headers["Cache-Control"], "private, no-cache")
        both = head(client, f"/checks/{check['id']},{other['id']}")[1]
        self.assertRegex(both.meta["og:description"], r"^play gives it .* other gives it ")

        # Nobody else learns anything of a check that is not shared, nor whether there is one.
        grace, visitor = self.signed_in("grace@example.org"), self.client()
        nothing = self.client().get(f"/checks/{uuid.uuid4()}")
        for who in (self.client(), grace, visitor):
            answer = who.get(f"/checks/{check['id']}")
            self.assertEqual((answer.status, answer.body), (404, nothing.body))
            self.assertEqual(who.get(f"/checks/{check['id']},{other['id']}").body, nothing.body)
        own = self.finished(grace, self.check(grace, "Tea contains caffeine")["id"])
        mixed = head(grace, f"/checks/{check['id']},{own['id']}")[1]
        self.assertEqual(mixed.title, "Tea contains caffeine · Heretix")
        self.assertNotIn("Copper", str(mixed.meta))
        client.delete(f"/api/checks/{check['id']}/share")
        self.assertNotIn(b"Copper", head(self.client(), f"/shared/{share}", 404)[0].body)

        # A visitor's own check, before and after it has a result; a claim that would break a careless page.
        hostile = f'"><meta property="og:image" content="x">{HOSTILE}</title>\n<b>&amp;'
        made = self.check(visitor, hostile)
        for _ in range(2):
            found = head(visitor, f"/checks/{made['id']}")[1]
            shown = " ".join(hostile.split())
            self.assertEqual((found.title, found.meta["og:title"]), (f"{shown} · Heretix", shown))
            self.assertNotIn("og:image", found.meta)
            self.assertNotIn("b", found.elements)
            self.assertEqual(found.elements.count("script"), 1)
            self.finished(visitor, made["id"])
        long = self.finished(client, self.check(client, "word " * 100)["id"])
        self.assertLess(len(head(client, f"/checks/{long['id']}")[1].meta["og:title"]), 210)

        split = self.finished(client, self.check(client, CLAIM, model="split", depth="quick")["id"])
        self.assertIn("split has no stable belief: centre 59 %, between 2 % and 99 %.", head(client, f"/checks/{split['id']}")[1].meta["og:description"])

    def test_pages_mention_no_flags_and_no_files(self):
        self.serve_anew(HERETIX_ADMINS="ada@example.org")
        client = self.signed_in(plan="pro")
        ids = [self.finished(client, self.check(client, CLAIM, model=model, depth="quick")["id"])["id"] for model in ("play", "split", "leaning")]
        wordless = self.finished(client, self.check(client, CLAIM, model="leaning", readout="decision", depth="quick")["id"])["id"]
        refused = self.finished(client, self.check(client, "Tea contains caffeine", model="slow", depth="quick")["id"])["id"]
        failed = self.finished(client, self.check(client, CLAIM, model="play", depth="custom", K=4, R=1, T=4)["id"])["id"]
        self.rows("UPDATE check_requests SET state = 'failed', error_kind = 'bad_input', error = %s WHERE check_id = %s",
                  "2 of 4 answers are usable; see why answers were refused: heretix answers rpl; or ask more: -K, -R", failed)
        self.rows("UPDATE jobs SET state = 'dead', error = %s WHERE kind = 'check'", "it failed; see docs/models.md")
        share = client.post(f"/api/checks/{ids[0]}/share").json()["share"]
        page = self.visitor(client=client)
        paths = ["/", "/?depth=custom", "/history", "/history?search=none", f"/compare?a={ids[0]}&b={ids[1]}", "/sets", "/decisions", "/usage", "/billing", "/sessions", "/admin", "/sign-in",
                 "/nowhere", f"/checks/{uuid.uuid4()}", self.link("ada@example.org"), f"/shared/{share}", *(f"/checks/{one}" for one in (*ids, wordless, refused, failed))]
        seen = ""
        for path in paths:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            # The answers of a model and the prompts are not the page's words.
            text = page.evaluate("document.querySelectorAll(location.pathname === '/admin' ? 'none' : 'pre').forEach(one => one.remove()), document.body.innerText"
                                 " + [...document.querySelectorAll('[title], [aria-label], [placeholder]')].map(e => ` ${e.title} ${e.ariaLabel} ${e.placeholder}`).join()")
            self.assertNotRegex(text, COMMAND_LINE, path)
            seen += text
        for words in ("What to do: look at the answers that were refused", "What to do: ask more wordings", "ask more: K, R", "Plans cannot be bought here", "it failed"):
            self.assertIn(words, seen)
        without = self.visitor(java_script_enabled=False)
        without.goto("/")
        self.assertNotRegex(without.locator("body").inner_text(), COMMAND_LINE)
        self.missed()

    def test_control_and_enter_measure(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        for keys in ("Control+Enter", "Meta+Enter"):
            page.goto("/")
            page.get_by_label("Claim").fill(CLAIM)
            page.get_by_label("Claim").press("Enter")  # a new line, and nothing else
            page.get_by_label("Claim").press(keys)
            page.wait_for_url("**/checks/**")
            expect(page.get_by_role("heading", level=1)).to_have_text(CLAIM)
        page.goto("/")
        expect(page.get_by_role("button", name="Measure")).to_have_attribute("aria-keyshortcuts", "Control+Enter")
        page.get_by_label("Claim").press("Control+Enter")  # an empty claim is not sent
        page.get_by_label("Claim").fill(CLAIM)
        page.get_by_role("checkbox", name="play").uncheck()
        page.get_by_label("Claim").press("Control+Enter")  # nor one without a model
        expect(page.get_by_text("Choose at least one model")).to_be_visible()
        self.assertNotIn("/checks/", page.url)
        self.assertEqual(self.rows("SELECT count(*) FROM checks"), [(2,)])

        # Pressed twice it is one check.
        page.get_by_role("checkbox", name="other").check()
        page.get_by_label("Claim").evaluate("e => { for (let i = 0; i < 3; i++) e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true})); }")
        page.wait_for_url("**/checks/**")
        expect(page.get_by_text("Can it be used?")).to_be_visible()
        self.assertEqual(self.rows("SELECT count(*) FROM checks"), [(3,)])

    def test_what_is_chosen_stands_in_the_address(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        page.goto("/")
        page.get_by_label("Claim").fill(CLAIM)
        page.get_by_role("checkbox", name="other").check()
        page.get_by_role("radio", name="Custom").check()
        page.get_by_role("spinbutton", name="questions").fill("6")
        page.get_by_role("spinbutton", name="wordings").fill("6")
        expect(page).to_have_url(re.compile(r"/\?model=play&model=other&depth=custom&K=6&R=1&T=6$"))
        expect(page.get_by_label("Claim")).to_have_value(CLAIM)  # choosing does not take away what was typed

        shared = self.visitor(client=self.signed_in("grace@example.org", plan="pro"))
        shared.goto(page.url)
        expect(shared.get_by_role("checkbox", name="other")).to_be_checked()
        expect(shared.get_by_role("radio", name="Custom")).to_be_checked()
        expect(shared.get_by_role("spinbutton", name="questions")).to_have_value("6")
        expect(shared.get_by_text("At most 12 questions")).to_be_visible()

        page.get_by_role("button", name="Measure").click()
        page.wait_for_url("**/checks/**")
        page.go_back()
        expect(page.get_by_label("Claim")).to_have_value(CLAIM)
        expect(page.get_by_role("checkbox", name="other")).to_be_checked()
        page.get_by_role("link", name="Ask", exact=True).click()
        expect(page.get_by_label("Claim")).to_have_value("")
        expect(page.get_by_role("checkbox", name="other")).not_to_be_checked()
        page.go_back()
        expect(page.get_by_role("checkbox", name="other")).to_be_checked()

        page.goto("/?model=leaning&readout=decision&depth=quick")
        expect(page.get_by_role("radio", name="Stated")).to_be_checked()
        page.get_by_role("checkbox", name="leaning").uncheck()
        expect(page).to_have_url(re.compile(r"/\?model=&depth=quick&readout=decision$"))
        page.reload()
        expect(page.get_by_text("Choose at least one model")).to_be_visible()
        page.goto("/?model=none&depth=endless&readout=tea&depth=custom&K=-1")
        expect(page.get_by_role("checkbox", name="play")).to_be_checked()
        expect(page.get_by_role("radio", name="Standard")).to_be_checked()

    def test_models_are_read_in_the_way_that_is_shown(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        page.goto("/?model=local")
        expect(page.get_by_role("radio", name="Next word")).to_be_checked()
        page.get_by_role("checkbox", name="play").check()
        expect(page.get_by_role("radio", name="Written")).to_be_checked()  # play writes its answers
        page.get_by_label("Claim").fill(CLAIM)
        with page.expect_request(lambda request: request.url.endswith("/api/checks") and request.post_data_json["model"] == "local") as sent:
            page.get_by_role("button", name="Measure").click()
        self.assertEqual(sent.value.post_data_json["readout"], "verbalized")
        page.wait_for_url("**/checks/**")

    def test_choices_of_one_moment_all_count(self):
        page = self.visitor(client=self.signed_in(plan="pro"))
        page.goto("/")
        page.get_by_label("Claim").fill(CLAIM)
        page.get_by_role("checkbox", name="other").wait_for()
        page.evaluate("""async () => {
            for (const name of ["other", "Custom"]) {
                [...document.querySelectorAll(".choice")].find((choice) => choice.textContent.startsWith(name)).querySelector("input").click();
                for (let i = 0; i < 9; ++i) await null;  // the page is rendered, and not yet drawn
            }
        }""")
        expect(page).to_have_url(re.compile(r"/\?model=play&model=other&depth=custom&K=\d+&R=\d+&T=\d+$"))
        expect(page.get_by_role("radio", name="Custom")).to_be_checked()
        page.get_by_role("spinbutton", name="questions").wait_for()
        expect(page.get_by_label("Claim")).to_have_value(CLAIM)
        expect(page.get_by_role("checkbox", name="other")).to_be_checked()

    def test_signing_out_that_fails_is_told(self):
        page = self.visitor(client=self.signed_in())
        page.goto("/usage")
        page.route("**/api/auth/sign-out", lambda route: route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "the service cannot do this now"}'))
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("alert")).to_have_text("Signing out failed, so you are still signed in: the service cannot do this now.")
        self.assertTrue(page.url.endswith("/usage"))
        page.unroute("**/api/auth/sign-out")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()

        # A session that ended elsewhere is ended.
        page = self.visitor(client=self.signed_in())
        page.goto("/usage")
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        self.rows("DELETE FROM sessions")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()
        self.told = [t for t in self.told if "status of 401 " not in t and "status of 503 " not in t]
