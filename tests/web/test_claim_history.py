"""The page of a claim over time: a point for each day on which it was measured, and nothing of anybody else."""
import xml.etree.ElementTree as ElementTree

from pages import PageTest, expect

CLAIM = "Copper conducts electricity better than iron"


class ClaimHistory(PageTest):
    def test_the_page_has_a_picture_and_its_numbers(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        again = self.finished(client, self.check(client, CLAIM, fresh=True)["id"])
        other = self.finished(client, self.check(client, CLAIM, model="other")["id"])
        cached = self.finished(client, self.check(client, CLAIM)["id"])
        self.assertTrue(cached["was_cached"])

        told = client.get(f"/api/checks/{check['id']}/history").json()
        self.assertEqual((told["format"], told["claim"]), ("heretix_history", CLAIM))
        self.assertEqual({line["model"]: [p["name"] for p in line["points"]] for line in told["lines"]}, {"other": [other["id"]], "play": [again["id"]]})
        play = next(line for line in told["lines"] if line["model"] == "play")
        self.assertEqual((play["points"][0]["runs"], play["mock"]), (2, True), "what came from a stored result is no new measurement")
        self.assertEqual([play["points"][0]["p"], play["points"][0]["ci"]], [again["result"]["p"], again["result"]["ci95"]])
        picture = client.get(f"/api/checks/{check['id']}/history.svg")
        ElementTree.fromstring(picture.body.decode())
        self.assertEqual(picture.headers["Content-Type"], "image/svg+xml")

        page = self.visitor(client=client)
        page.goto(f"/checks/{check['id']}")
        page.get_by_role("link", name="Belief over time").click()
        expect(page).to_have_title(f"{CLAIM} · Heretix")
        image = page.get_by_role("img", name="Belief by day")
        expect(image).to_be_visible()
        page.wait_for_function("document.querySelector('figure img').naturalWidth > 0")
        row = page.get_by_role("region", name="play (mock)").get_by_role("row").nth(1)
        expect(row).to_contain_text("last of 2")
        expect(row.get_by_role("link")).to_have_attribute("href", f"/checks/{again['id']}")
        self.axe(page)
        narrow = self.visitor(width=360, client=client)
        narrow.goto(f"/claims/{check['id']}")
        expect(narrow.get_by_role("img", name="Belief by day")).to_be_visible()
        self.assertLessEqual(narrow.evaluate("document.documentElement.scrollWidth"), 360)

    def test_others_learn_nothing(self):
        client, stranger = self.signed_in(plan="pro"), self.signed_in("grace@example.org")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        own = self.finished(stranger, self.check(stranger, CLAIM, fresh=True)["id"])
        for path in ("history", "history.svg"):
            self.assertEqual(stranger.get(f"/api/checks/{check['id']}/{path}").status, 404)
            self.assertEqual(self.client().get(f"/api/checks/{check['id']}/{path}").status, 404)
        lines = stranger.get(f"/api/checks/{own['id']}/history").json()["lines"]
        self.assertEqual([[p["name"] for p in line["points"]] for line in lines], [[own["id"]]])
