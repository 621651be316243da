"""A check from its request to its record, on SQLite and on Postgres."""
import signal
import time
import unittest

from cases import EachStore, events_of

CLAIM = "Tariffs cause inflation"


class Checks(EachStore):
    def test_a_check_is_the_same_as_the_command_line_makes(self):
        client = self.client()
        made = self.check(client, CLAIM)
        self.assertIn(made["state"], ("queued", "running"))  # a worker may be at it already
        self.assertEqual((made["was_cached"], made["result"]), (False, None))
        done = self.finished(client, made["id"])
        self.assertEqual(done["state"], "done")
        record = done["record"]
        own = self.json("run", CLAIM, "--model", self.play, "--db", "other.sqlite", "--until-width", "0.2")
        for field in ("run_id", "p", "ci95", "seed", "gates", "quality", "templates", "answers_sha256"):
            if field != "answers_sha256":  # it covers times too
                self.assertEqual(record.get(field), own.get(field), field)
        self.assertTrue(done["run_id"].startswith(own["run_id"] + "-"))
        self.assertTrue(done["run_id"].endswith(record["execution"]["execution_id"][-12:]))
        if self.store == "sqlite":
            self.assertIn("equal to what is stored", self.ok("verify", own["run_id"]))
        else:
            self.assertIn("equal to what is stored", self.ok("verify", done["run_id"], "--database", self.address))

    def test_a_stream_tells_every_event_once_and_goes_on_where_it_was_left(self):
        client = self.signed_in(plan="pro")
        made = self.check(client, CLAIM)
        told = events_of(self.port, made["id"], client.cookies)
        self.assertEqual([n for n, _, _ in told], list(range(1, len(told) + 1)))
        self.assertEqual([p["state"] for _, k, p in told if k == "state"], ["queued", "running", "done"])
        answers = [a["question"] for _, k, p in told if k == "progress" for a in p["answers"]]
        self.assertEqual(sorted(answers), list(range(len(answers))))
        self.assertEqual(events_of(self.port, made["id"], client.cookies, after=told[-1][0]), 204)
        self.assertEqual(events_of(self.port, made["id"], client.cookies, after=2), told[2:])
        for unknown in (999, "x", -1):
            again = events_of(self.port, made["id"], client.cookies, after=unknown)
            self.assertEqual((again[0][1], again[1:]), ("resync", told))

    def test_a_stream_goes_on_across_a_restart(self):
        slow = self.script("slow.json", model="slow", delay_ms=300, concurrency=1, rules=[{"prob_true": 0.4}])
        models = {"HERETIX_MODELS": f"play={slow}"}
        self.stop(self.process)
        self.serve(**models)
        client = self.signed_in(plan="pro")
        made = self.check(client, CLAIM)
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["last_event"] >= 5)
        port = self.port
        self.stop(self.process)
        self.assertIn(self.rows("SELECT state FROM check_requests")[0][0], ("queued", "running"))
        self.serve(port=port, **models)
        told = events_of(self.port, made["id"], client.cookies, after=3)
        self.assertEqual([n for n, _, _ in told], list(range(4, 4 + len(told))))
        self.assertEqual(told[-1][2], {"state": "done"})
        done = client.get(f"/api/checks/{made['id']}").json()
        self.assertEqual(done["state"], "done")
        self.assertGreater(done["record"]["cache_hit_rate"], 0)  # what was paid before counts

    def test_what_was_measured_already_is_not_charged(self):
        client = self.signed_in()
        first = self.finished(client, self.check(client, CLAIM)["id"])
        for _ in range(5):
            again = self.check(client, CLAIM)
            self.assertEqual((again["state"], again["was_cached"], again["result"]), ("done", True, first["result"]))
            self.assertNotEqual((again["id"], again["run_id"]), (first["id"], first["run_id"]))
            self.assertEqual(client.get(f"/api/checks/{again['id']}").json()["record"], first["record"])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 1)
        self.check(client, CLAIM, fresh=True)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 2)
        self.assertEqual(self.rows("SELECT count(*) FROM result_cache WHERE user_id IS NOT NULL"), [(0,)])

    def test_an_idempotency_key_makes_one_check(self):
        client = self.signed_in()
        key = {"Idempotency-Key": "a-key"}
        body = {"claim": CLAIM, "model": "play"}
        first = client.post("/api/checks", body, headers=key)
        again = client.post("/api/checks", body, headers=key)
        self.assertEqual((first.status, again.status, again.headers["Idempotent-Replayed"]), (201, 201, "true"))
        self.assertEqual(first.json()["id"], again.json()["id"])
        other = client.post("/api/checks", {**body, "claim": "Snow is white"}, headers=key)
        self.assertEqual((other.status, "another body" in other.json()["detail"]), (422, True))
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 1)
        someone = self.signed_in("grace@example.org")
        self.assertNotEqual(someone.post("/api/checks", body, headers=key).json()["id"], first.json()["id"])
        clients = [self.client() for _ in range(8)]
        for c in clients:
            c.cookies = dict(client.cookies)
        told = self.together(8, lambda i: clients[i].post("/api/checks", {**body, "claim": "Ice is cold"}, headers={"Idempotency-Key": "b"}))
        self.assertLessEqual({t.status for t in told}, {201, 409})
        self.assertEqual(len({t.json()["id"] for t in told if t.status == 201}), 1)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 2)

    def test_a_failed_check_is_given_back_once(self):
        bad = self.script("bad.json", model="bad", rules=[{"fail": "bad_key"}])
        self.stop(self.process)
        self.serve(HERETIX_MODELS=f"play={bad}")
        client = self.signed_in()
        done = self.finished(client, self.check(client, CLAIM)["id"])
        self.assertEqual((done["state"], done["error"]["kind"]), ("failed", "not_allowed"))
        self.assertIn("key", done["error"]["detail"])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 0)
        self.assertEqual(self.rows("SELECT charged_to FROM check_requests"), [("returned",)])
        self.assertEqual(self.rows("SELECT state FROM jobs WHERE kind = 'check'"), [("dead",)])

    def test_cancelling_gives_back_what_nobody_ran_yet(self):
        self.stop(self.process)
        self.serve("--no-worker")
        client = self.signed_in()
        made = self.check(client, CLAIM)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 1)
        self.assertEqual(client.delete(f"/api/checks/{made['id']}").status, 409)
        self.assertEqual(client.post(f"/api/checks/{made['id']}/cancel").json()["state"], "cancelled")
        self.assertEqual(client.post(f"/api/checks/{made['id']}/cancel").status, 409)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 0)
        self.assertEqual(client.delete(f"/api/checks/{made['id']}").status, 204)
        self.assertEqual(client.get(f"/api/checks/{made['id']}").status, 404)

    def test_a_running_check_is_cancelled_within_seconds(self):
        slow = self.script("slow.json", model="slow", delay_ms=500, concurrency=1, rules=[{"prob_true": 0.4}])
        self.stop(self.process)
        self.serve(HERETIX_MODELS=f"play={slow}")
        client = self.signed_in()
        made = self.check(client, CLAIM)
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["state"] == "running")
        self.assertEqual(client.post(f"/api/checks/{made['id']}/cancel").status, 202)
        self.assertEqual(self.finished(client, made["id"], 10)["state"], "cancelled")

    def test_a_killed_worker_loses_nothing(self):
        slow = self.script("slow.json", model="slow", delay_ms=200, concurrency=2, rules=[{"prob_true": 0.4}])
        models = {"HERETIX_MODELS": f"play={slow}"}
        self.stop(self.process)
        self.serve(**models)
        client = self.signed_in()
        made = self.check(client, CLAIM, depth="quick")
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["last_event"] >= 4)
        self.stop(self.process, signal.SIGKILL)
        started = time.monotonic()
        self.serve(port=self.port, **models)
        self.assertEqual(self.finished(client, made["id"], 50)["state"], "done")
        self.assertLess(time.monotonic() - started, 40)  # the lease of 30 s runs out, then the check itself
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 1)

    def test_old_checks_are_forgotten_where_the_operator_says_so(self):
        client = self.signed_in(plan="pro")
        old, new = (self.finished(client, self.check(client, claim)["id"]) for claim in ("Snow is white", CLAIM))
        moved = "datetime('now', '-40 days')" if self.store == "sqlite" else "now() - interval '40 days'"
        self.rows(f"UPDATE checks SET created_at = {moved}, finished_at = {moved} WHERE claim LIKE 'Snow%'")
        if self.store == "postgres":
            for table, column, unit in (("heretix_executions", "created_at", 1), ("heretix_answers", "created_at", 1), ("samples", "created_at", 1),
                                        ("heretix_attempts", "started_at", 10**6)):
                self.rows(f"UPDATE {table} SET {column} = {column} - 40 * 86400 * {unit}::bigint WHERE "
                          + ("run_id = (SELECT run_id FROM heretix_executions WHERE claim LIKE 'Snow%')" if table == "samples" else
                             "execution_id = (SELECT execution_id FROM heretix_executions WHERE claim LIKE 'Snow%')"))
        self.rows("DELETE FROM jobs WHERE kind = 'clean_up'")
        self.stop(self.process)
        self.serve(HERETIX_KEEP_DAYS="30")
        self.wait_for(lambda: self.rows("SELECT state FROM jobs WHERE kind = 'clean_up'") == [("done",)])
        again = self.client()
        again.cookies = client.cookies
        self.assertEqual((again.get(f"/api/checks/{old['id']}").status, again.get(f"/api/checks/{new['id']}").status), (404, 200))
        if self.store == "postgres":
            self.assertEqual(self.rows("SELECT claim FROM heretix_executions"), [(CLAIM,)])
            self.assertEqual(self.rows("SELECT count(*) > 0, count(DISTINCT execution_id) FROM heretix_answers"), [(True, 1)])
            self.assertIn("equal to what is stored", self.ok("verify", new["run_id"], "--database", self.address))

    def test_history_is_searched_and_paged(self):
        client = self.signed_in(plan="pro")
        for i in range(7):
            self.check(client, f"Claim {i} with 100% of_it")
        self.check(client, "Łódź is large")
        listed = client.get("/api/checks?limit=3").json()
        self.assertEqual([c["claim"] for c in listed["checks"]], ["Łódź is large", "Claim 6 with 100% of_it", "Claim 5 with 100% of_it"])
        rest = client.get(f"/api/checks?limit=200&before={listed['next']}").json()
        self.assertEqual((len(rest["checks"]), rest["next"]), (5, None))
        found = lambda text: len(client.get(f"/api/checks?search={text}").json()["checks"])  # noqa: E731
        self.assertEqual((found("claim+2"), found("100%25"), found("1%25"), found("of_it"), found("f_t"), found("large")), (1, 7, 0, 7, 0, 1))
        for path in ("limit=0", "limit=201", "limit=x", "before=x"):
            self.assertEqual(client.get(f"/api/checks?{path}").status, 422, path)


if __name__ == "__main__":
    unittest.main()
