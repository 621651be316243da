"""What the service keeps of people: listed once in code, complete in a download, gone after a deletion."""
import json
import re

import stripe_events as stripe
from cases import EachStore

ADDRESS = "ada.of-the.walk@example.org"
CLAIM = "The zebrafish of Uqbar sing at dusk, number 71317"
IN_SET = "The tigers of Tlön sleep in mirrors, number 71318"
STATE = "The customer of Uqbar wrote: I was charged 71319 times"
DECIDED = "Does the customer of Uqbar want money 71320?"
SHARED = "Snow is white"
SIGNING = "whsec_walk"


class PersonalData(EachStore):
    def serve_with_payment(self, *arguments, **more):
        return self.serve_anew(*arguments, HERETIX_STRIPE_KEY="sk_test_1", HERETIX_STRIPE_WEBHOOK_SECRET=SIGNING, HERETIX_STRIPE_PRICES="core=price_c",
                               HERETIX_STRIPE_URL="http://127.0.0.1:9", **more)

    def listed(self):
        """The list, as the program itself prints it: by table."""
        return {place["table"]: place for place in json.loads(self.ok("db", "personal-data", "--json"))}

    def text_of(self, value):
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

    def found(self, needles):
        """Every place that holds one of these texts: tables by column, and files by name and content."""
        places = []
        for place, table, _, rows in self.every_table():
            for row in rows:
                for column, value in row.items():
                    places += [f"{place} {table}.{column} holds {needle}" for needle in needles if needle in self.text_of(value)]
        for path in (self.folder / "runs").rglob("*") if (self.folder / "runs").exists() else ():
            if path.is_file() and path.suffix in (".json", ".eml", ".part", ".refused"):
                text = path.name + path.read_text(errors="replace")
                places += [f"{path.name} holds {needle}" for needle in needles if needle in text]
        return sorted(set(places))

    def by_mail(self, address):
        """Signed in as people are: by a link that came by mail."""
        known = len(self.mails())
        client = self.client()
        self.assertEqual(client.post("/api/auth/magic-links", {"email": address}).status, 202)
        text = self.wait_for(lambda: self.mails()[known:])[0][1]
        self.assertEqual(client.request("POST", re.search(r"(/sign-in/\S+)\n", text)[1]).status, 303)
        return client

    def pay(self, *events):
        for event in events:
            body, signature = stripe.signed(event, SIGNING)
            told = self.client().request("POST", "/api/billing/webhook", raw=body, headers={"Content-Type": "application/json", "Stripe-Signature": signature})
            self.assertEqual(told.status, 204, told.body)

    def life_of_ada(self):
        """One user who did everything that leaves something behind. Returns the client and every text that names her."""
        client = self.by_mail(ADDRESS)
        me = client.get("/api/me").json()["id"]
        self.command("plan", "set", ADDRESS, "pro")
        self.pay(stripe.snapshot("evt_1", "checkout.session.completed", stripe.BEGUN, stripe.checkout(me, "cus_walk")),
                 stripe.snapshot("evt_2", "customer.subscription.created", stripe.BEGUN, stripe.subscription("sub_walk", "cus_walk", user=me)),
                 stripe.snapshot("evt_3", "customer.subscription.deleted", stripe.BEGUN + 9, stripe.subscription("sub_walk", "cus_walk", status="canceled")))
        self.command("plan", "set", ADDRESS, "pro")
        asked = client.post("/api/checks", {"claim": CLAIM, "model": "play"}, headers={"Idempotency-Key": "key-of-the-walk"})
        self.assertEqual(asked.status, 201, asked.body)
        checks = [asked.json(), self.check(client, CLAIM), self.check(client, CLAIM, fresh=True), self.check(client, CLAIM, depth="quick"),
                  self.check(client, SHARED)]
        made = client.post("/api/sets", {"text": f"claim,tag\n\"{IN_SET}\",of the walk\n", "models": ["play"], "name": "Set of the walk"}).json()
        checks += client.get("/api/checks?search=tigers").json()["checks"]
        checks = [self.finished(client, check["id"]) for check in checks]
        self.assertIsNotNone(client.get(f"/api/sets/{made['id']}/rows").json()["cells"]["p"][0])  # its figures are kept too
        self.assertEqual({check["state"] for check in checks}, {"done"})
        key = self.command("user", "key", ADDRESS, "--name", "key of the walk").strip()
        questions = {"a": {"type": "noul", "instructions": DECIDED}, "b": {"type": "choice", "instructions": DECIDED, "criteria": {"Uqbarian": None, "No": None}}}
        decided = self.client().post("/v1/systemone", {"model": "play", "state": STATE, "questions": questions}, headers={"Authorization": f"Bearer {key}"})
        self.assertEqual(decided.status, 200, decided.body)
        share = client.post(f"/api/checks/{checks[0]['id']}/share").json()["share"]
        session = client.get("/api/sessions").json()["sessions"][0]["id"]
        runs = [check["run_id"] for check in checks]
        return client, [ADDRESS, me, CLAIM, "zebrafish of Uqbar", IN_SET, "Set of the walk", "of the walk", made["id"], share, session, STATE, DECIDED, "Uqbarian",
                        "key of the walk", "cus_walk", "sub_walk", "key-of-the-walk",
                        *(check["id"] for check in checks), *runs, *(run[-12:] for run in runs)]

    def test_every_column_of_every_table_is_listed(self):
        client = self.signed_in()
        self.finished(client, self.check(client, CLAIM)["id"])
        listed = self.listed()
        known = {table: {*place["personal"], *place["other"]} for table, place in listed.items() if place["kept_in"] != "files"}
        wanted = {"service": ("service",), "harness": ("answers", "harness"), "postgres": ("service", "answers")}
        seen = set()
        for place, table, columns, _ in self.every_table():
            self.assertIn(table, known, f"{place} has a table that src/service/privacy/personal_data.cpp does not list")
            self.assertIn(listed[table]["kept_in"], wanted[place], table)
            self.assertEqual(set(columns) - known[table], set(), f"{place} {table} has columns that src/service/privacy/personal_data.cpp does not list")
            if place != "harness":  # a column that only Postgres needs is not in a harness file
                self.assertEqual(known[table] - set(columns), set(), f"{table}: listed, but not there")
            seen.add(table)
        self.assertGreater(len(seen), 20)
        gone = {table for table, place in listed.items() if place["kept_in"] in (("service", "answers", "harness") if self.store == "sqlite" else
                                                                              ("service", "answers"))} - seen
        self.assertEqual(gone, set(), "listed, but not there")

    def test_nothing_of_a_deleted_user_is_left(self):
        self.serve_with_payment()
        grace = self.signed_in("grace@example.org", plan="pro")
        client, needles = self.life_of_ada()
        hers = self.finished(grace, self.check(grace, SHARED)["id"])
        everything = self.found(needles)
        for place in ("users.email", "sessions.id", "check_requests.request", "billing_accounts.customer_id", "idempotency_keys.owner",
                      "heretix_executions.claim", "sets.name", "set_claims.claim", "set_checks.check_id", "api_keys.name", "decisions.state",
                      "heretix_decisions.question_json", "heretix_banks.bank_json", ".eml holds"):
            self.assertTrue([p for p in everything if place in p], f"{place} held nothing, so the walk proves nothing: {everything}")
        self.assertEqual(client.delete("/api/me", {"email": ADDRESS}).status, 204)
        self.assertEqual(self.found(needles), [])
        # What grace's check counts is all there, though ada paid for some of its answers.
        self.assertEqual(grace.get(f"/api/checks/{hers['id']}").json()["record"], hers["record"])
        self.assertEqual(grace.get(f"/api/checks/{hers['id']}/answers").status, 200)
        run = hers["record"]["run_id"] if self.store == "sqlite" else hers["run_id"]
        self.assertIn("equal to what is stored", self.ok("verify", run, *self.database_flags()))
        # Late events of the payment service bring nothing back, and a new account begins with nothing.
        self.pay(stripe.snapshot("evt_9", "customer.subscription.updated", stripe.BEGUN + 99, stripe.subscription("sub_walk", "cus_walk", status="canceled")))
        self.assertEqual(self.found(needles), [])
        again = self.signed_in(ADDRESS)
        self.assertEqual((again.get("/api/checks").json()["checks"], again.get("/api/usage").json()["plan"]), ([], "trial"))

    def test_what_was_paid_stays_in_the_accounts_without_a_name(self):
        client = self.signed_in(ADDRESS, plan="pro")
        self.finished(client, self.check(client, CLAIM)["id"])
        costs = lambda: {(row["provider"], row["outcome"]): row["n"] for row in self.attempts()}  # noqa: E731
        before = costs()
        self.assertEqual(client.delete("/api/me", {"email": ADDRESS}).status, 204)
        self.assertEqual((costs(), sum(before.values())), (before, sum(costs().values())))
        self.assertGreater(sum(before.values()), 0)

    def attempts(self):
        found = {}
        for _, table, _, rows in self.every_table():
            if table == "heretix_attempts":
                for row in rows:
                    key = (row["provider"], row["outcome"])
                    found[key] = found.get(key, 0) + 1
        return [{"provider": provider, "outcome": outcome, "n": n} for (provider, outcome), n in found.items()]

    def test_an_operator_deletes_as_completely(self):
        self.serve_with_payment()
        _, needles = self.life_of_ada()
        self.assertIn("users.email", str(self.found(needles)))
        self.command("user", "delete", ADDRESS, "--yes-destroy")
        self.assertEqual(self.found(needles), [])

    def test_nothing_is_left_of_a_removed_check(self):
        client = self.signed_in(plan="pro")
        made = self.finished(client, client.post("/api/checks", {"claim": CLAIM, "model": "play"}, headers={"Idempotency-Key": "k"}).json()["id"])
        kept = self.finished(client, self.check(client, SHARED)["id"])
        needles = [CLAIM, made["id"], made["run_id"], made["run_id"][-12:]]
        self.assertIn("heretix_executions.claim", str(self.found(needles)))
        self.assertEqual(client.delete(f"/api/checks/{made['id']}").status, 204)
        self.assertEqual(self.found(needles), [])
        self.assertEqual(client.get(f"/api/checks/{kept['id']}/answers").status, 200)

    def test_an_account_that_is_closed_while_its_check_runs_leaves_nothing(self):
        self.serve_slowly(200)
        client = self.signed_in(ADDRESS)
        made = self.check(client, CLAIM)
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["last_event"] >= 4)
        needles = [ADDRESS, CLAIM, made["id"], made["run_id"], made["run_id"][-12:]]
        self.assertIn("heretix_executions.claim", str(self.found(needles)))
        self.assertEqual(client.delete("/api/me", {"email": ADDRESS}).status, 204)
        # An answer in flight may still come; the worker learns of it within seconds, and takes along what came.
        self.wait_for(lambda: [line for line in self.log().splitlines() if '"kind":"check"' in line], 20)
        self.assertEqual(self.found(needles), [])
        self.assertEqual([rows for _, table, _, rows in self.every_table() if table == "heretix_answers"], [[]])

    def test_a_download_holds_every_row_that_is_kept(self):
        self.serve_with_payment()
        self.signed_in("grace@example.org")
        client, needles = self.life_of_ada()
        told = client.get("/api/me/data").json()["stored"]
        listed = self.listed()
        # Every row that names her stands in it, with every column but those that would sign somebody in.
        tables = {}
        for _, table, _, rows in self.every_table():
            tables.setdefault(table, []).extend(row for row in rows if any(n in self.text_of(v) for v in row.values() for n in needles))
        checked = 0
        for table, rows in tables.items():
            place = listed[table]
            if not place["is_downloaded"]:
                self.assertTrue(not rows or place["kept_in"] != "service", f"{table} holds rows of hers that no download has: {rows}")
                continue
            given = [json.dumps({k: str(v) for k, v in row.items()}, sort_keys=True) for row in told[table]]
            for row in rows:
                wanted = {k: v for k, v in row.items() if k not in place["withheld"]}
                same = [g for g in given if all(self.is_told(k, v, json.loads(g)) for k, v in wanted.items())]
                self.assertTrue(same, f"{table} has a row that the download lacks: {wanted}\n{given}")
                checked += 1
        self.assertGreater(checked, 20)
        self.assertNotIn("grace", json.dumps(told))
        self.assertEqual(len(told["heretix_answers"]), len({(a["cache_key"], a["attempt"]) for a in told["heretix_answers"]}))
        self.assertTrue(all(a["raw_text"] for a in told["heretix_answers"]))

    def is_told(self, column, value, row):
        """Times and numbers are written in another way; texts must be the same."""
        if column not in row:
            return False
        if isinstance(value, (str, bytes)) and not re.match(r"\d{4}-\d\d-\d\d ", self.text_of(value)):
            return row[column] == self.text_of(value)
        return True

    def test_events_and_visitors_are_forgotten_in_time(self):
        self.serve_with_payment()
        self.check(self.client(), SHARED)  # a visitor
        self.pay(stripe.snapshot("evt_old", "invoice.paid", stripe.BEGUN, {"object": "invoice"}), stripe.snapshot("evt_new", "invoice.paid", stripe.BEGUN, {"object": "invoice"}))
        moved = "datetime('now', '-{} days')" if self.store == "sqlite" else "now() - interval '{} days'"
        self.rows(f"UPDATE webhook_events SET created_at = {moved.format(31)} WHERE id = 'evt_old'")
        self.rows(f"UPDATE anonymous_visitors SET created_at = {moved.format(401)}")
        self.rows("DELETE FROM jobs WHERE kind = 'clean_up'")
        self.wait_for(lambda: self.rows("SELECT state FROM jobs WHERE kind = 'clean_up'") == [("done",)], 30)
        self.assertEqual(self.rows("SELECT id FROM webhook_events"), [("evt_new",)])
        self.assertEqual(self.rows("SELECT count(*) FROM anonymous_visitors"), [(0,)])

    def age(self, check, days):
        """Moves a finished check, its execution and all that was paid for it into the past."""
        moved = f"datetime('now', '-{days} days')" if self.store == "sqlite" else f"now() - interval '{days} days'"
        self.rows(f"UPDATE checks SET created_at = {moved}, finished_at = {moved} WHERE id = %s", check["id"])
        execution = check["record"]["execution"]["execution_id"]
        statements = [f"UPDATE heretix_executions SET created_at = created_at - {days * 86400} WHERE execution_id = '{execution}'",
                      f"UPDATE heretix_answers SET created_at = created_at - {days * 86400} WHERE execution_id = '{execution}'",
                      f"UPDATE heretix_attempts SET started_at = started_at - {days * 86400 * 10**6} WHERE execution_id = '{execution}'",
                      f"UPDATE samples SET created_at = created_at - {days * 86400} WHERE cache_key IN (SELECT cache_key FROM heretix_answers WHERE execution_id = '{execution}')"]
        if self.store == "sqlite":
            connection = self.database()
            with connection:
                for statement in statements:
                    connection.execute(statement)
        else:
            for statement in statements:
                self.rows(statement)

    def test_decisions_are_forgotten_when_nobody_has_asked_for_so_long(self):
        self.serve_with_payment()
        client, _ = self.life_of_ada()
        moved = "datetime('now', '-{} days')" if self.store == "sqlite" else "now() - interval '{} days'"
        self.assertEqual(len(client.get("/api/decisions").json()["decisions"]), 2)
        self.rows(f"UPDATE decisions SET last_asked_at = {moved.format(31)}")
        self.rows("DELETE FROM jobs WHERE kind = 'clean_up'")
        self.serve_with_payment(HERETIX_KEEP_DAYS="30")
        self.wait_for(lambda: self.rows("SELECT state FROM jobs WHERE kind = 'clean_up'") == [("done",)], 30)
        self.assertEqual(self.found([STATE, DECIDED, "Uqbarian"]), [])

    def test_a_younger_check_keeps_the_execution_that_it_shows(self):
        client = self.signed_in(plan="pro")
        old = self.finished(client, self.check(client, SHARED)["id"])
        gone = self.finished(client, self.check(client, CLAIM)["id"])
        young = self.finished(client, self.check(client, SHARED)["id"])  # shows what the old one measured
        quick = self.finished(client, self.check(client, SHARED, depth="quick")["id"])  # counts some of its answers
        for check in (old, gone):
            self.age(check, 40)
        self.rows("DELETE FROM jobs WHERE kind = 'clean_up'")
        self.serve_anew(HERETIX_KEEP_DAYS="30")
        self.wait_for(lambda: self.rows("SELECT state FROM jobs WHERE kind = 'clean_up'") == [("done",)], 30)
        again = self.client()
        again.cookies = client.cookies
        self.assertEqual([again.get(f"/api/checks/{check['id']}").status for check in (old, gone, young, quick)], [404, 404, 200, 200])
        for check in (young, quick):
            self.assertEqual(again.get(f"/api/checks/{check['id']}").json()["record"], check["record"])
            self.assertEqual(again.get(f"/api/checks/{check['id']}/answers").status, 200)
        self.assertEqual(self.found([CLAIM, old["id"], gone["id"], gone["run_id"]]), [])

