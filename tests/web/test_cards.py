"""What other places show of a shared result: its card, its frame, its citation, and the record that anybody can recompute."""
import http.server
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

from pages import PageTest, expect

CLAIM = "Copper conducts electricity better than iron"


class Cards(PageTest):
    def shared(self, client, **wish):
        check = self.finished(client, self.check(client, wish.pop("claim", CLAIM), **wish)["id"])
        return check, client.post(f"/api/checks/{check['id']}/share").json()["share"]

    def got(self, path, status=200):
        answer = self.client().get(path)
        self.assertEqual(answer.status, status, (path, answer.body[:200]))
        return answer

    def elsewhere(self, text):
        """A page of another origin."""
        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    def test_the_card_is_a_picture_for_everybody_as_long_as_the_result_is_shared(self):
        client = self.signed_in(plan="pro")
        check, share = self.shared(client)
        svg = self.got(f"/shared/{share}/card.svg")
        self.assertEqual((svg.headers["Content-Type"], svg.headers["Cross-Origin-Resource-Policy"]), ("image/svg+xml", "cross-origin"))
        text = svg.body.decode()
        ElementTree.fromstring(text)
        self.assertNotIn("var(", text, "its colours are written out")
        self.assertIn(f"{100 * check['result']['p']:.0f} %", text)
        self.assertIn("MOCK NUMBERS", text)
        self.assertRegex(text, "Copper conducts")

        png = self.got(f"/shared/{share}/card.png")
        self.assertEqual((png.headers["Content-Type"], png.body[:8]), ("image/png", b"\x89PNG\r\n\x1a\n"))
        self.assertEqual(struct.unpack(">II", png.body[16:24]), (1200, 630))
        self.assertEqual(self.got(f"/shared/{share}/card.png").body, png.body)
        page = self.got(f"/shared/{share}").body.decode()
        self.assertIn(f'<meta property="og:image" content="http://127.0.0.1:{self.port}/shared/{share}/card.png"', page)
        self.assertIn("summary_large_image", page)
        self.assertNotIn("og:image", client.get(f"/checks/{check['id']}").body.decode(), "of a check that is not for others")

        client.delete(f"/api/checks/{check['id']}/share")
        for path in ("card.svg", "card.png", "frame"):
            self.got(f"/shared/{share}/{path}", 404)
        self.got(f"/api/shared/{share}/record", 404)

    def test_several_results_of_one_claim_stand_on_one_axis(self):
        client = self.signed_in(plan="pro")
        (_, one), (_, other) = self.shared(client), self.shared(client, model="other")
        _, about_tea = self.shared(client, claim="Tea contains caffeine")
        card = self.got(f"/shared/{one},{other}/card.svg").body.decode()
        self.assertIn("play (mock)", card)
        self.assertIn("other (mock)", card)
        self.got(f"/shared/{one},{about_tea}/card.svg", 422)
        self.got(f"/shared/{one},none/card.svg", 404)
        self.got(f"/shared/{','.join([one] * 13)}/card.svg", 404)

        page = self.visitor()
        page.goto(f"/shared/{one},{other}")
        expect(page.get_by_role("region", name="Models side by side")).to_be_visible()
        expect(page.get_by_text("All models, wording by wording")).to_be_visible()
        expect(page.get_by_role("region", name="Cite and verify")).to_have_count(2)
        self.assertRegex(page.locator("p.lead").first.inner_text(), r"^play \(mock\) (gives it|has no stable belief)")

    def test_another_site_may_frame_the_card_and_not_the_page(self):
        client = self.signed_in(plan="pro")
        _, share = self.shared(client)
        origin = f"http://127.0.0.1:{self.port}/shared/{share}"
        page = self.visitor()
        page.goto(self.elsewhere(f'<iframe id="card" src="{origin}/frame" width="600" height="330"></iframe><img id="picture" src="{origin}/card.svg">'))
        self.told = [line for line in self.told if not line.startswith("outside: ")]  # the page around it
        framed = page.frame_locator("#card").get_by_role("img")
        expect(framed).to_be_visible()
        self.assertGreater(framed.evaluate("picture => picture.naturalWidth"), 0)
        self.assertIn(CLAIM, framed.get_attribute("alt"))
        self.assertEqual(page.frame_locator("#card").get_by_role("link").get_attribute("href"), origin)
        self.assertGreater(page.locator("#picture").evaluate("picture => picture.naturalWidth"), 0)
        self.assertIn("frame-ancestors 'none'", self.got(f"/shared/{share}").headers["Content-Security-Policy"])
        self.assertIn("frame-ancestors *", self.got(f"/shared/{share}/frame").headers["Content-Security-Policy"])
        self.assertNotIn("X-Frame-Options", self.got(f"/shared/{share}/frame").headers)

    def test_the_citation_names_a_command_that_recomputes_the_result(self):
        client = self.signed_in(plan="pro")
        check, share = self.shared(client)
        page = self.visitor()
        page.goto(f"/shared/{share}")
        cited = page.get_by_role("region", name="Cite and verify")
        expect(cited).to_contain_text(f"run {check['run_id']}")
        expect(cited).to_contain_text(f"/shared/{share}")
        command = re.search(r"curl -o (\S+) (\S+) && (heretix verify \S+)", cited.inner_text())
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        (folder / "bin").mkdir()
        (folder / "bin/heretix").symlink_to(os.environ["HERETIX"])
        done = subprocess.run(command[0], shell=True, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("equal to what is stored", done.stdout)
        self.assertIn(f"belief p {check['result']['p']:.6f}", done.stdout)

        self.assertEqual(client.get(f"/api/checks/{check['id']}/record").status, 200)
        stranger = self.signed_in("grace@example.org")
        self.assertEqual(stranger.get(f"/api/checks/{check['id']}/record").status, 404)
