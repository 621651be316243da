"""What addresses say: pages that are not there, titles and choices, in a real browser."""
import re
import uuid

from pages import PageTest, expect

CLAIM = "Copper conducts electricity better than iron"


class Addresses(PageTest):
    def missed(self, *words):
        """The browser tells of every response with an error; these were wanted."""
        self.told = [t for t in self.told if not any(word in t for word in ("status of 404 ", *words))]

    def test_unknown_addresses_have_a_page_of_their_own(self):
        for signed_in in (None, self.signed_in()):
            page = self.visitor(client=signed_in)
            page.goto("/")
            for path, title in (("/nowhere", "There is no page at this address"), ("/shared/none", "This result is not shared"), (f"/checks/{uuid.uuid4()}", "There is no such check")):
                page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)
                expect(page.get_by_role("heading", level=1)).to_have_text(title)
                expect(page).to_have_title(f"{title} · Heretix")
                expect(page.get_by_role("navigation")).to_be_visible()
                self.axe(page)
                main = page.get_by_role("main")
                expect(main.get_by_role("link", name="Sign in")).to_have_count(1 if "check" in title and not signed_in else 0)
                main.get_by_role("link", name="Ask about a claim").click()
                expect(page.get_by_label("Claim")).to_be_visible()
        self.missed()

    def test_every_page_has_its_title(self):
        self.stop(self.process)
        self.serve(HERETIX_ADMINS="ada@example.org")
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

    def test_signing_out_that_fails_is_told(self):
        page = self.visitor(client=self.signed_in())
        page.goto("/usage")
        page.route("**/api/auth/sign-out", lambda route: route.fulfill(status=503, content_type="application/problem+json", body='{"detail": "the service cannot do this now"}'))
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("alert")).to_have_text("Signing out failed, so you are still signed in: the service cannot do this now")
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
