"""Measure weekly: a claim that is asked for again and again, by a job that waits for its day."""
import uuid

from cases import EachStore

CLAIM = "Copper conducts electricity better than iron"


class Repeats(EachStore):
    def begun(self, client, check, status=201, **body):
        told = client.post(f"/api/checks/{check['id']}/repeat", body)
        self.assertEqual(told.status, status, told.body)
        return told.json()

    def listed(self, client):
        return client.get("/api/repeats").json()["repeats"]

    def is_due(self):
        """As if the days had gone by."""
        self.rows("UPDATE jobs SET run_at = created_at WHERE kind = 'repeat' AND state = 'queued'")

    def after_run(self, client, runs):
        return self.wait_for(lambda: next((r for r in self.listed(client) if r["runs"] == runs), None), 40)

    def test_the_check_is_asked_for_again_and_charged_like_any_other(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM, depth="quick")["id"])
        repeat = self.begun(client, check)
        self.assertEqual((repeat["claim"], repeat["model"], repeat["every_days"], repeat["runs"], repeat["last_check"]), (CLAIM, "play", 7, 0, None))
        self.assertEqual(self.listed(client), [repeat])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 1, "nothing is asked before its day")

        for runs in (1, 2):
            self.is_due()
            told = self.after_run(client, runs)
            again = self.finished(client, told["last_check"])
            self.assertEqual((again["claim"], again["was_cached"], told["trouble"]), (CLAIM, False, None))
            config = [c["record"]["config"] for c in (client.get(f"/api/checks/{i}").json() for i in (check["id"], again["id"]))]
            self.assertEqual(*[[one[name] for name in ("model", "K", "R", "T", "prompt_version")] for one in config])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 3)
        history = client.get(f"/api/checks/{check['id']}/history").json()
        self.assertEqual(history["lines"][0]["points"][0]["runs"], 3)

        self.assertEqual(client.delete(f"/api/repeats/{repeat['id']}").status, 204)
        self.assertEqual(self.listed(client), [])
        self.assertEqual(self.rows("SELECT state FROM jobs WHERE kind = 'repeat' AND state = 'queued'"), [], "its job went with it")

    def test_a_plan_without_checks_is_told_and_the_repeat_goes_on(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        self.begun(client, check, every_days=1)
        self.rows("UPDATE usage_ledger SET checks_used = checks_allowed")
        self.is_due()
        told = self.after_run(client, 1)
        self.assertIsNone(told["last_check"])
        self.assertIn("checks", told["trouble"])
        self.rows("UPDATE usage_ledger SET checks_used = 1")
        self.is_due()
        told = self.after_run(client, 2)
        self.assertEqual((told["trouble"], self.finished(client, told["last_check"])["state"]), (None, "done"))

    def test_a_job_that_comes_twice_asks_once(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        self.begun(client, check)
        self.is_due()
        self.after_run(client, 1)
        self.rows("UPDATE jobs SET state = 'queued', lease_token = NULL, lease_until = NULL WHERE kind = 'repeat' AND state = 'done'")
        self.wait_for(lambda: not self.rows("SELECT 1 FROM jobs WHERE kind = 'repeat' AND state IN ('queued', 'running') AND unique_key LIKE '% 0'"), 40)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 2)
        self.assertEqual(self.listed(client)[0]["runs"], 1)

    def test_whose_it_is_and_what_is_refused(self):
        client, stranger = self.signed_in(plan="pro"), self.signed_in("grace@example.org", plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        self.begun(stranger, check, 404)
        self.assertEqual(self.client().post(f"/api/checks/{check['id']}/repeat", {}).status, 401)
        for days in (0, 366, "7"):
            self.begun(client, check, 422, every_days=days)
        repeat = self.begun(client, check)
        self.begun(client, check, 409)
        self.assertEqual(stranger.delete(f"/api/repeats/{repeat['id']}").status, 404)
        self.assertEqual(stranger.delete("/api/repeats/none").status, 404)
        self.assertEqual(self.listed(stranger), [])

        user, wish = self.rows("SELECT user_id, wish FROM repeats")[0]
        self.rows("UPDATE repeats SET claim = 'other'")
        self.insert("repeats (id, user_id, claim, model, wish, every_days, next_at)",
                    [(str(uuid.uuid4()), str(user), f"claim {n}", "play", wish, 7, "2030-01-01 00:00:00+00") for n in range(49)])
        self.begun(client, check, 402)

    def test_it_goes_with_the_account(self):
        client = self.signed_in(plan="pro")
        check = self.finished(client, self.check(client, CLAIM)["id"])
        self.begun(client, check)
        self.assertIn(CLAIM, client.get("/api/me/data").body.decode())
        self.assertEqual(client.delete("/api/me", {"email": "ada@example.org"}).status, 204)
        self.assertEqual(self.rows("SELECT 1 FROM repeats"), [])
        self.is_due()  # its job finds nothing to do
        self.wait_for(lambda: not self.rows("SELECT 1 FROM jobs WHERE kind = 'repeat' AND state IN ('queued', 'running')"), 40)
