"""Sign-in, sessions, usage and the money it protects, on SQLite and on Postgres."""
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import secrets
import statistics
import time
import unittest
import uuid

from cases import EachStore


class Accounts(EachStore):
    def ask_for_link(self, address, **more):
        return self.client().post("/api/auth/magic-links", {"email": address, **more})

    def test_a_link_by_mail_signs_in_once(self):
        answer = self.ask_for_link(" Ada@Example.ORG ", next="/history")
        self.assertEqual(answer.status, 202)
        to, text = self.wait_for(self.mails)[0]
        self.assertEqual(to, "ada@example.org")
        link = re.search(r"http://127\.0\.0\.1:\d+(/sign-in/([0-9a-f]{32}):([\w-]{43})\?next=/history)\n", text)
        client = self.client()
        for _ in range(5):  # as mail scanners do
            page = client.get(link[1])
            self.assertEqual((page.status, b"ada@example.org" in page.body, client.cookies), (200, True, {}))
        used = client.request("POST", link[1])
        self.assertEqual((used.status, used.headers["Location"]), (303, "/history"))
        self.assertIn("HttpOnly; SameSite=Lax; Path=/", used.headers["Set-Cookie"])
        self.assertEqual(client.get("/api/me").json()["email"], "ada@example.org")
        again = self.client().request("POST", link[1])
        self.assertEqual((again.status, again.headers["Set-Cookie"]), (404, None))
        dead = self.client().get(link[1])
        for other in (f"/sign-in/{'0' * 32}:{link[3]}", f"/sign-in/{link[2]}:{'A' * 43}", "/sign-in/x"):
            told = self.client().request("POST", other)
            self.assertEqual((told.status, told.body), (dead.status, dead.body))

    def test_neither_bytes_nor_time_tell_a_known_address(self):
        """2,000 known against 2,000 unknown, each asked once, in random order; every one from a network of its own."""
        count, choose = 2000, random.Random(20261124)
        self.insert("users (id, email)", [(str(uuid.UUID(int=i + 1)), f"known{i}@example.org") for i in range(count)])
        self.serve_anew("--no-worker", HERETIX_TRUSTED_PROXIES="127.0.0.0/8")
        asked = [(kind, i) for kind in ("known", "unknown") for i in range(count)]
        choose.shuffle(asked)
        client, times, told = self.client(), {"known": [], "unknown": []}, set()
        for n, (kind, i) in enumerate(asked):
            email = f"known{i}@example.org" if kind == "known" else f"nobody{i}@example.org"  # as long
            started = time.perf_counter()
            answer = client.post("/api/auth/magic-links", {"email": email}, headers={"X-Forwarded-For": f"10.{n // 250}.{n % 250}.1"})
            times[kind].append(time.perf_counter() - started)
            told.add((answer.status, answer.body, tuple(k for k, _ in answer.headers.items())))
        self.assertEqual((len(told), next(iter(told))[0]), (1, 202))
        medians = {kind: statistics.median(all_times) for kind, all_times in times.items()}
        self.assertLess(abs(medians["known"] - medians["unknown"]), 0.001, medians)
        self.assertEqual(self.rows("SELECT count(*) FROM jobs WHERE kind = 'mail.link'"), [(2 * count,)])

    def test_links_are_few(self):
        for _ in range(5):
            self.assertEqual(self.ask_for_link("ada@example.org").status, 202)
        self.wait_for(lambda: len(self.mails()) == 3)
        for i in range(12):
            self.assertEqual(self.ask_for_link(f"u{i}@example.org").status, 202)
        time.sleep(1)
        self.assertEqual(len(self.mails()), 8)  # a network has 10 requests, of which two brought nothing

    def test_five_wrong_verifiers_close_a_link(self):
        link = self.link("ada@example.org")
        selector = link[:len("/sign-in/") + 33]
        for _ in range(4):
            self.assertEqual(self.client().request("POST", selector + "A" * 43).status, 404)
        self.assertEqual(self.client().get(link).status, 200)
        self.client().request("POST", selector + "A" * 43)
        self.assertEqual((self.client().get(link).status, self.client().request("POST", link).status), (404, 404))

    def test_a_used_link_closes_the_others(self):
        first, second = self.link("ada@example.org"), self.link("ada@example.org")
        self.assertEqual(self.client().request("POST", first).status, 303)
        self.assertEqual(self.client().request("POST", second).status, 404)

    def links_by_hand(self, count):
        """As the mail's job makes them, in two statements: a command each would take minutes."""
        users = [(str(uuid.uuid4()), f"user{i}@example.org") for i in range(count)]
        until = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=10)).strftime("%Y-%m-%d %H:%M:%S.%f")
        pairs = [(secrets.token_hex(16), secrets.token_urlsafe(32)) for _ in users]
        self.insert("users (id, email)", users)
        self.insert("email_tokens (id, user_id, selector, verifier_hash, expires_at)",
                    [(str(uuid.uuid4()), user, selector, hashlib.sha256(verifier.encode()).hexdigest(), until + ("" if self.store == "sqlite" else "+00"))
                     for (user, _), (selector, verifier) in zip(users, pairs, strict=True)])
        return [f"/sign-in/{selector}:{verifier}" for selector, verifier in pairs]

    def test_links_clicked_by_eight_at_once_sign_in_once_each(self):
        count = 1000
        links = self.links_by_hand(count)
        clients = [self.client() for _ in range(8)]

        def click_all(i):
            told = []
            for link in links:
                clients[i].cookies.clear()
                told.append(clients[i].request("POST", link).status)
            return told
        for told in zip(*self.together(8, click_all), strict=True):
            self.assertEqual(sorted(told), [303] + [404] * 7)
        self.assertEqual(self.rows("SELECT count(*) FROM sessions"), [(count,)])

    def test_sessions_are_listed_and_ended(self):
        here, there = self.signed_in(), self.signed_in()
        listed = here.get("/api/sessions").json()["sessions"]
        self.assertEqual([s["is_current"] for s in listed].count(True), 1)
        other = next(s for s in listed if not s["is_current"])
        self.assertEqual(self.signed_in("grace@example.org").delete(f"/api/sessions/{other['id']}").status, 404)
        self.assertEqual(here.delete(f"/api/sessions/{other['id']}").status, 204)
        self.assertEqual((there.get("/api/me").status, here.get("/api/me").status), (401, 200))
        self.assertEqual(here.post("/api/auth/sign-out").status, 204)
        self.assertEqual(here.get("/api/me").status, 401)

    def test_a_copy_of_the_database_signs_nobody_in(self):
        client = self.signed_in(plan="pro")
        self.finished(client, self.check(client, "Snow is white")["id"])
        open_link = self.link("grace@example.org")
        tables = list(self.every_table())
        self.assertLessEqual({"users", "sessions", "email_tokens", "checks", "jobs", "heretix_executions"}, {name for _, name, _, _ in tables})
        values = {str(v) for _, _, _, rows in tables for row in rows for v in row.values() if v is not None}
        self.assertGreater(len(values), 60)
        selector = open_link[len("/sign-in/"):][:32]
        thief = self.client()
        for value in values:
            value = "".join(c for c in value if 0x20 < ord(c) < 0x7F and c not in '";,\\')[:200]
            thief.cookies = {"heretix": value, "heretix-visitor": value}
            self.assertEqual(thief.get("/api/me").status, 401)
            self.assertEqual(thief.get("/api/checks").json()["checks"], [])
            path = re.sub(r"[^\w.:-]", "", value)
            thief.cookies = {}
            for link in (path, f"{selector}:{path}"):
                self.assertNotEqual(thief.request("POST", f"/sign-in/{link}").status, 303)

    def test_grants_are_exactly_the_limit(self):
        self.serve_anew("--no-worker")
        clients = [self.client(source=f"127.0.0.{2 + i % 2}") for i in range(64)]
        cookie = {"heretix-visitor": "v" * 43}
        for plan, limit in (("visitor", 1), ("trial", 3), ("starter", 20), ("core", 100), ("pro", 750)):
            is_visitor = plan == "visitor"
            cookies = cookie if is_visitor else self.signed_in(f"{plan}@example.org", plan=plan).cookies
            for client in clients:
                client.cookies = dict(cookies)
            tries = -(-(limit + 64) // 64)

            def ask(i):
                return [clients[i].post("/api/checks", {"claim": f"{plan} {i} {t}", "model": "play"}).status for t in range(tries)]
            told = [status for some in self.together(64, ask) for status in some]
            self.assertEqual((told.count(201), told.count(402)), (limit, len(told) - limit), plan)
            refused = clients[0].post("/api/checks", {"claim": "one more", "model": "play"})
            reasons = {"visitor": "require_signin", "trial": "require_subscription"}
            self.assertEqual((refused.status, refused.json()["reason"]), (402, reasons.get(plan, "limit_reached")))
            if not is_visitor:
                self.assertEqual(clients[0].get("/api/usage").json()["checks_used"], limit)

    def test_a_visitor_has_one_check_and_takes_it_along(self):
        visitor = self.client()
        made = self.finished(visitor, self.check(visitor, "Snow is white")["id"])
        refused = visitor.post("/api/checks", {"claim": "Snow is black", "model": "play"})
        self.assertEqual((refused.status, refused.json()["reason"]), (402, "require_signin"))
        self.assertEqual(self.client().get(f"/api/checks/{made['id']}").status, 404)
        self.assertEqual(visitor.request("POST", self.link("ada@example.org")).status, 303)
        self.assertEqual(visitor.get(f"/api/checks/{made['id']}").json()["id"], made["id"])
        self.assertEqual(visitor.get("/api/usage").json()["checks_used"], 0)
        del visitor.cookies["heretix"]
        self.assertEqual(visitor.get(f"/api/checks/{made['id']}").status, 404)

    def test_a_network_has_three_checks_a_day_without_an_account(self):
        told = [self.client().post("/api/checks", {"claim": f"Claim {i}", "model": "play"}).status for i in range(5)]
        self.assertEqual(told, [201, 201, 201, 402, 402])

    def test_depth_above_standard_needs_a_plan(self):
        client = self.signed_in()
        for body in ({"depth": "deep"}, {"depth": "custom", "K": 16, "R": 2}):
            told = client.post("/api/checks", {"claim": "Snow is white", "model": "play", **body})
            self.assertEqual((told.status, told.json()["reason"]), (402, "require_subscription"))
        self.command("plan", "set", "ada@example.org", "starter")
        self.check(client, "Snow is white", depth="deep")

    def test_a_higher_plan_counts_at_once_and_a_lower_one_waits(self):
        client = self.signed_in(plan="starter")
        self.check(client, "Snow is white")
        self.command("plan", "set", "ada@example.org", "pro")
        self.assertEqual({k: client.get("/api/usage").json()[k] for k in ("plan", "checks_allowed", "checks_used")},
                         {"plan": "pro", "checks_allowed": 750, "checks_used": 1})
        self.command("plan", "set", "ada@example.org", "starter")
        usage = client.get("/api/usage").json()
        self.assertEqual((usage["plan"], usage["next_plan"], usage["checks_allowed"]), ("pro", "starter", 750))

    def test_a_price_above_the_limit_is_refused_before_anything_is_asked(self):
        dear = self.script("dear.json", model="dear", price_micro_usd=100_000, rules=[{"prob_true": 0.5}])
        self.serve_anew(HERETIX_MODELS=f"play={dear}", HERETIX_MAX_CHECK_USD="1.5", HERETIX_ANON_BUDGET="2.5")
        client = self.signed_in()
        self.assertEqual(client.post("/api/quotes", {"claim": "Snow", "model": "play", "depth": "quick"}).json(),
                         {"questions": 8, "most_micro_usd": 1_600_000, "needs_plan": False})
        refused = client.post("/api/checks", {"claim": "Snow is white", "model": "play", "depth": "quick"})
        self.assertEqual((refused.status, "$1.60" in refused.json()["detail"]), (422, True))
        custom = {"model": "play", "depth": "custom", "K": 7, "R": 1}
        told = [self.client().post("/api/checks", {"claim": f"Claim {i}", **custom}).status for i in range(2)]
        self.assertEqual(told, [201, 402])  # 1.40 of 2.50 dollars a day, then no more

    def routes_with_an_id(self):
        """Of the contract: method and path of each that takes an id."""
        found, path = [], ""
        for line in (pathlib.Path(os.environ["HERETIX_SOURCE"]) / "api/openapi.yaml").read_text().splitlines():
            if matched := re.match(r"  (/\S*):$", line):
                path = matched[1]
            elif (matched := re.match(r"    (get|post|delete|put|patch):$", line)) and "{id}" in path:
                found.append((matched[1].upper(), path))
        self.assertGreaterEqual(len(found), 6)
        return found

    def test_others_checks_are_not_there(self):
        """Three users and a visitor, each against everything of each other."""
        users = [self.signed_in(f"{name}@example.org") for name in ("ada", "grace", "mary")]
        checks = [self.finished(user, self.check(user, f"Claim of {i}")["id"])["id"] for i, user in enumerate(users)]
        sessions = [user.get("/api/sessions").json()["sessions"][0]["id"] for user in users]
        job = self.rows("SELECT id FROM jobs LIMIT 1")[0][0]
        tried = 0
        for asker in [*users, self.client()]:
            for owner, check, session in zip(users, checks, sessions, strict=True):
                if owner is asker:
                    continue
                for method, path in self.routes_with_an_id():
                    identifier = session if "/sessions/" in path else job if "/jobs/" in path else check
                    told = asker.request(method, path.replace("{id}", str(identifier)), headers={"Content-Length": "0"} if method == "POST" else {})
                    is_for_users = path.startswith("/api/") and ("/checks/" not in path or path.endswith("/repeat"))
                    wanted = (401,) if asker not in users and is_for_users else (404,)
                    self.assertIn(told.status, wanted, (method, path))
                    tried += 1
                self.assertEqual(asker.get(f"/api/checks?before={check}").status, 404)
        self.assertGreaterEqual(tried, 9 * 6)
        for user, check, session in zip(users, checks, sessions, strict=True):  # all of it is still there
            self.assertEqual([c["id"] for c in user.get("/api/checks").json()["checks"]], [check])
            self.assertEqual([s["id"] for s in user.get("/api/sessions").json()["sessions"]], [session])
        self.assertEqual(users[1].get("/api/admin/overview").status, 404)

    def test_data_can_be_taken_along_and_the_account_closed(self):
        client = self.signed_in(plan="pro")
        made = self.finished(client, self.check(client, "Snow is white")["id"])
        data = client.get("/api/me/data")
        self.assertIn("attachment", data.headers["Content-Disposition"])
        self.assertEqual([c["record"] for c in data.json()["checks"]], [made["record"]])
        self.assertEqual(client.delete("/api/me", {"email": "other@example.org"}).status, 422)
        self.assertEqual(client.delete("/api/me", {"email": "ada@example.org"}).status, 204)
        self.assertEqual(client.get("/api/me").status, 401)
        # That nothing of it is left anywhere is walked through by test_personal_data.py.

    def test_a_suspended_user_is_out_at_once(self):
        client = self.signed_in()
        link = self.link("ada@example.org")
        self.command("user", "suspend", "ada@example.org")
        self.assertEqual(client.get("/api/me").status, 401)
        self.assertEqual((self.client().get(link).status, self.client().request("POST", link).status), (404, 404))
        self.command("user", "resume", "ada@example.org")
        self.assertEqual(self.signed_in().get("/api/me").status, 200)

    def test_no_secret_and_no_claim_in_any_log(self):
        claim = "An unusual claim\n{\"level\":\"error\"}"
        self.assertEqual(self.ask_for_link("ada@example.org").status, 202)
        client = self.signed_in("grace@example.org")
        self.finished(client, self.check(client, claim)["id"])
        link = self.link("eve@example.org")
        self.client().get(link)
        self.wait_for(self.mails)
        # Every line is a JSON object, but for what is meant to be read in a terminal: where it serves, and, of an embedded
        # service on loopback without a mail server, the links to sign in by.
        here = r"http://(127\.0\.0\.1|localhost):\d+"
        a_link = here + r"/sign-in/[0-9a-f]{32}:[\w-]{43}"
        plain = [f"heretix: serving at {here}, metrics at {here}/metrics", r"heretix: a mail is in runs/outbox/[\w-]+\.eml"]
        if self.store == "sqlite":
            plain += [f"heretix: sign in as owner@localhost by {a_link}", "Open this page to sign in to Heretix:", a_link, "",
                      r"It can be used once, within 10 minutes\. If you did not ask for it, ignore this mail: nothing will happen\."]
        lines = self.log().splitlines()
        logged = [line for line in lines if not any(re.fullmatch(form, line) for form in plain)]
        self.assertGreater(len(logged), 5)
        for line in logged:
            self.assertNotEqual(json.loads(line)["level"], "error")
            self.assertNotIn("127.0.0.1", line)
        for secret in ("unusual", "example.org", link.split("/")[-1], link.split(":")[-1], client.cookies["heretix"], "5b5b"):
            self.assertNotIn(secret, "\n".join(lines))


class BehindAPooler(Accounts):
    store = "pooled"

    def test_grants_are_exactly_the_limit_behind_pgbouncer(self):
        self.test_grants_are_exactly_the_limit()


if __name__ == "__main__":
    unittest.main()
