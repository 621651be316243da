"""A check from its request to its record, on SQLite and on Postgres."""
import json
import os
import pathlib
import re
import signal
import time
import unittest

from cases import SPLIT, EachStore, events_of

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
        self.assertEqual(set(record), set(own))
        self.assertLessEqual({"run_id", "config", "estimate", "honest", "belief_v2", "gates", "pqs", "verdict", "templates"}, set(own))
        for name in ("prob_true_rpl", "ci", "bootstrap_seed"):
            self.assertIsNotNone(own["estimate"][name], name)
        for field in set(own) - {"execution", "answers_sha256"}:  # these tell times too
            self.assertEqual(record[field], own[field], field)
        self.assertTrue(done["run_id"].startswith(own["run_id"] + "-"))
        self.assertTrue(done["run_id"].endswith(record["execution"]["execution_id"][-12:]))
        if self.store == "sqlite":
            self.assertIn("equal to what is stored", self.ok("verify", own["run_id"]))
        else:
            self.assertIn("equal to what is stored", self.ok("verify", done["run_id"], "--database", self.address))

    def test_a_check_says_how_it_was_asked_for(self):
        client = self.signed_in(plan="pro")
        for depth in ("quick", "standard", "deep"):
            self.assertEqual(self.check(client, CLAIM, depth=depth)["how"], {"model": "play", "depth": depth, "readout": "verbalized"})
        made = self.check(client, CLAIM, depth="custom", K=12, R=2, T=6)
        self.assertEqual(made["how"], {"model": "play", "depth": "custom", "readout": "verbalized", "K": 12, "R": 2, "T": 6})
        self.assertEqual(self.check(client, CLAIM, model="local")["how"]["readout"], "token")

        self.finished(client, made["id"])
        job = json.loads(self.rows("SELECT request FROM check_requests WHERE check_id = %s", made["id"])[0][0])
        del job["depth"]  # as an earlier build wrote it
        self.rows("UPDATE check_requests SET request = %s WHERE check_id = %s", json.dumps(job), made["id"])
        self.assertEqual(client.get(f"/api/checks/{made['id']}").json()["how"], made["how"])
        self.rows("UPDATE check_requests SET request = '{}' WHERE check_id = %s", made["id"])
        self.assertIsNone(client.get(f"/api/checks/{made['id']}").json()["how"])

    def test_results_are_those_of_belief_v2_and_say_where_there_is_no_stable_belief(self):
        self.serve_anew(HERETIX_MODELS=f"play={self.play},split={self.script('split.json', **SPLIT)}")
        client = self.signed_in(plan="pro")
        for model, is_stable in (("split", False), ("play", True)):
            done = self.finished(client, self.check(client, CLAIM, model=model, depth="quick")["id"])
            belief = done["record"]["belief_v2"]
            self.assertIs(belief["stable"], is_stable)
            self.assertEqual((done["mock"], done["record"]["mock"], client.get("/api/checks").json()["checks"][0]["mock"]), (True, True, True))
            self.assertEqual(done["result"], {"p": belief["p"], "ci95": belief["ci"], "stable": is_stable})
            self.assertEqual(client.get("/api/checks").json()["checks"][0]["result"], done["result"])

            if model == "split":  # the first row of the table in docs/estimator.md
                self.assertEqual(belief["verdict"], "No stable belief: 4 wordings say true, 4 say false")
                for told, expected in zip((belief["p"], *belief["ci"]), (0.589055, 0.023937, 0.988205), strict=True):
                    self.assertAlmostEqual(told, expected, places=6)

        single = self.finished(client, self.check(client, CLAIM, model="split", depth="custom", K=1, R=4, T=1)["id"])
        self.assertEqual((single["result"]["ci95"], single["result"]["stable"]), (None, None))

    def test_a_question_is_measured_only_where_that_is_asked_for(self):
        client = self.signed_in(plan="pro")
        for path in ("/api/checks", "/api/quotes"):
            for claim in ("Is the earth flat?", "地球は平らですか？", "«Est-elle plate ?»"):
                told = client.post(path, {"claim": claim, "model": "play"})
                self.assertEqual((told.status, told.headers["Content-Type"]), (422, "application/problem+json"))
                self.assertIn("the claim is a question", told.json()["detail"])
                self.assertIn('"allow_question": true measures it as it is', told.json()["detail"])
                self.assertEqual(client.post(path, {"claim": claim, "model": "play", "allow_question": False}).status, 422)
        self.assertIn("is only a number", client.post("/api/checks", {"claim": "42", "model": "play"}).json()["detail"])
        self.assertEqual(client.get("/api/checks").json()["checks"], [])
        self.assertEqual(client.post("/api/checks", {"claim": "Is it flat?", "model": "play", "allow_question": "yes"}).status, 422)
        made = client.post("/api/checks", {"claim": "Is the earth flat?", "model": "play", "depth": "quick", "allow_question": True})
        self.assertEqual(made.status, 201, made.body)
        self.assertEqual(self.finished(client, made.json()["id"])["claim"], "Is the earth flat?")

    def test_a_stream_tells_every_event_once_and_goes_on_where_it_was_left(self):
        client = self.signed_in(plan="pro")
        made = self.check(client, CLAIM)
        told = events_of(self.port, made["id"], client.cookies)
        self.assertEqual([n for n, _, _ in told], list(range(1, len(told) + 1)))
        self.assertEqual([p["state"] for _, k, p in told if k == "state"], ["queued", "running", "done"])
        answers = [a["question"] for _, k, p in told if k == "progress" for a in p["answers"]]
        self.assertEqual(sorted(answers), list(range(len(answers))))
        # Both the events and the answers say which wording was asked, as the bank has it.
        asked = {a["paraphrase_idx"]: a["wording"] for _, k, p in told if k == "progress" for a in p["answers"]}
        kept = client.get(f"/api/checks/{made['id']}/answers").json()["answers"]
        self.assertEqual({a["paraphrase_idx"]: a["wording"] for a in kept}, asked)
        for answer in kept:
            self.assertIn(answer["wording"].replace("{CLAIM}", CLAIM), answer["prompt"])
        self.assertEqual(events_of(self.port, made["id"], client.cookies, after=told[-1][0]), 204)
        self.assertEqual(events_of(self.port, made["id"], client.cookies, after=2), told[2:])
        for unknown in (999, "x", -1):
            again = events_of(self.port, made["id"], client.cookies, after=unknown)
            self.assertEqual((again[0][1], again[1:]), ("resync", told))

    def test_a_stream_goes_on_across_a_restart(self):
        models = self.serve_slowly(300)
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

    def test_a_check_from_a_stored_result_copies_nothing_and_outlives_the_first(self):
        client = self.signed_in()
        first = self.finished(client, self.check(client, CLAIM)["id"])
        again = [self.check(client, CLAIM) for _ in range(3)]
        self.assertEqual(self.rows("SELECT count(*) FROM check_records"), [(1,)])
        self.assertEqual(self.rows("SELECT count(*) FROM result_cache"), [(0,)])
        long_texts = "length(coalesce(config_json, '')) + length(coalesce(sampler_json, '')) + length(coalesce(counts_by_template_json, ''))"
        self.assertEqual(self.rows(f"SELECT DISTINCT {long_texts} FROM checks WHERE was_cached"), [(0,)])
        self.assertGreater(self.rows(f"SELECT {long_texts} FROM checks WHERE NOT was_cached")[0][0], 500)
        self.assertEqual(client.delete(f"/api/checks/{first['id']}").status, 204)
        for check in again:
            told = client.get(f"/api/checks/{check['id']}").json()
            self.assertEqual((told["record"], told["result"]), (first["record"], first["result"]))
            self.assertEqual(client.get(f"/api/checks/{check['id']}/answers").status, 200)
        # What was measured is gone from its place, so the same question is measured and charged again.
        self.assertFalse(self.finished(client, self.check(client, CLAIM)["id"])["was_cached"])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 2)
        for check in again:
            self.assertEqual(self.rows("SELECT count(*) FROM check_records"), [(2,)])
            self.assertEqual(client.delete(f"/api/checks/{check['id']}").status, 204)
        self.assertEqual(self.rows("SELECT count(*) FROM check_records"), [(1,)])

    def test_nobody_can_see_what_somebody_else_asked(self):
        """Two users and a stranger: a claim that another has asked looks like one that nobody has."""
        self.serve_slowly(100)  # none is done before its reply is written
        ada, bob, stranger = self.signed_in(), self.signed_in("bob@example.org"), self.client()
        first = self.finished(ada, self.check(ada, CLAIM)["id"])
        self.finished(stranger, self.check(stranger, "Snow is white")["id"])  # its free check

        told = [stranger.post("/api/checks", {"claim": claim, "model": "play"}) for claim in (CLAIM, "Nobody asked this")]
        known, unknown = ({k: v for k, v in t.json().items() if k != "request_id"} for t in told)
        self.assertEqual(([t.status for t in told], known), ([402, 402], unknown))

        made = [self.check(bob, claim) for claim in (CLAIM, "Nobody asked this")]
        for check in made:
            self.assertEqual((check["was_cached"], check["result"], check["finished_at"]), (False, None, None))
            self.assertIn(check["state"], ("queued", "running"))
        self.assertEqual(bob.get("/api/usage").json()["checks_used"], 2)
        done = self.finished(bob, made[0]["id"])
        self.assertGreaterEqual(done["created_at"], first["finished_at"])
        shown = bob.get(f"/api/checks/{done['id']}").body + bob.get(f"/api/checks/{done['id']}/answers").body
        for of_ada in (first["id"], first["run_id"], first["record"]["execution"]["execution_id"], first["created_at"], first["finished_at"]):
            self.assertNotIn(of_ada.encode(), shown)

    def test_a_shared_result_serves_everybody_until_it_is_unshared(self):
        ada, bob, eve = (self.signed_in(f"{name}@example.org") for name in ("ada", "bob", "eve"))
        first = self.finished(ada, self.check(ada, CLAIM)["id"])
        self.assertEqual(ada.post(f"/api/checks/{first['id']}/share").status, 200)
        served = self.check(bob, CLAIM)
        self.assertEqual((served["state"], served["was_cached"], served["result"]), ("done", True, first["result"]))
        self.assertEqual(bob.get("/api/usage").json()["checks_used"], 0)
        self.assertEqual(ada.delete(f"/api/checks/{first['id']}/share").status, 204)
        self.assertFalse(self.check(eve, CLAIM)["was_cached"])
        self.assertEqual(eve.get("/api/usage").json()["checks_used"], 1)
        self.assertEqual(ada.delete(f"/api/checks/{first['id']}").status, 204)
        self.assertEqual(bob.get(f"/api/checks/{served['id']}").json()["record"], first["record"])

    def test_a_visitor_who_signs_in_keeps_what_was_measured(self):
        visitor = self.client()
        first = self.finished(visitor, self.check(visitor, CLAIM)["id"])
        self.assertTrue(self.check(visitor, CLAIM)["was_cached"])
        self.assertEqual(visitor.request("POST", self.link("ada@example.org")).status, 303)
        again = self.check(visitor, CLAIM)
        self.assertEqual((again["was_cached"], again["result"]), (True, first["result"]))

    def test_checks_from_stored_results_are_limited_by_visitor_user_and_network(self):
        def served(client, times):
            return [client.post("/api/checks", {"claim": CLAIM, "model": "play"}).status for _ in range(times)]

        visitor, ada, bob = self.client(), self.signed_in(), self.signed_in("bob@example.org")
        for client in (visitor, ada, bob):
            self.finished(client, self.check(client, CLAIM)["id"])
        self.assertEqual(served(visitor, 22), [201] * 20 + [429] * 2)
        self.assertEqual(served(ada, 122), [201] * 120 + [429] * 2)
        refused = ada.post("/api/checks", {"claim": CLAIM, "model": "play"})
        self.assertIn("this account had 120 checks from stored results within an hour", refused.json()["detail"])
        self.assertEqual(self.rows("SELECT used FROM rate_counts WHERE scope = 'cached.network'"), [(140,)])
        self.rows("UPDATE rate_counts SET used = 598 WHERE scope = 'cached.network'")
        self.assertEqual(served(bob, 4), [201] * 2 + [429] * 2)
        self.assertEqual(self.rows("SELECT count(*) FROM checks WHERE was_cached"), [(142,)])  # a refused one left nothing
        self.rows("UPDATE rate_counts SET started_at = "
                  + ("datetime('now', '-61 minutes')" if self.store == "sqlite" else "now() - interval '61 minutes'"))
        self.assertEqual((served(bob, 1), served(ada, 1), served(visitor, 1)), ([201], [201], [201]))

    def test_the_limits_on_stored_results_hold_where_many_ask_at_once(self):
        client = self.signed_in()
        body = {"claim": CLAIM, "model": "play"}
        self.finished(client, self.check(client, CLAIM)["id"])
        self.assertTrue(self.check(client, CLAIM)["was_cached"])
        clients = [self.client() for _ in range(16)]
        for c in clients:
            c.cookies = dict(client.cookies)
        for scope, left in (("cached.user", 120), ("cached.network", 600)):
            self.rows("UPDATE rate_counts SET used = 10")
            self.rows(f"UPDATE rate_counts SET used = {left - 5} WHERE scope = '{scope}'")
            before = self.rows("SELECT count(*) FROM checks")[0][0]
            told = self.together(16, lambda i: clients[i].post("/api/checks", body).status)
            self.assertEqual((told.count(201), told.count(429)), (5, 11), scope)
            for table in ("checks", "check_requests", "check_events"):
                done = " WHERE payload LIKE '%done%'" if table == "check_events" else ""
                self.assertEqual(self.rows(f"SELECT count(*) FROM {table}{done}"), [(before + 5,)], table)
            self.assertEqual(self.rows("SELECT sum(used) FROM rate_counts")[0][0], left + 15, "a refused one is not counted")

    def test_a_stored_result_serves_nobody_whose_session_has_ended(self):
        client = self.signed_in()
        self.finished(client, self.check(client, CLAIM)["id"])
        self.assertTrue(self.check(client, CLAIM)["was_cached"])
        self.rows("UPDATE users SET status = 'suspended'")
        self.assertFalse(self.check(client, CLAIM)["was_cached"])  # a visitor's, measured anew
        self.rows("UPDATE users SET status = 'active'")
        self.assertTrue(self.check(client, CLAIM)["was_cached"])
        self.rows("DELETE FROM sessions")
        self.assertEqual(client.post("/api/checks", {"claim": "Ice is cold", "model": "play"}).status, 402)  # of that visitor
        self.assertEqual(self.rows("SELECT count(*) FROM checks WHERE was_cached"), [(2,)])

    def test_a_run_id_is_the_same_from_the_first_reply_on_and_verifies(self):
        client = self.signed_in(plan="pro")
        made = self.check(client, CLAIM)
        done = self.finished(client, made["id"])
        self.assertEqual(done["run_id"], made["run_id"])
        self.assertEqual(done["run_id"], f"{done['record']['run_id']}-{done['record']['execution']['execution_id'][-12:]}")
        later = self.finished(client, self.check(client, CLAIM, fresh=True)["id"])  # of the same recipe
        cached = self.check(client, CLAIM)
        self.assertEqual(client.get(f"/api/checks/{cached['id']}").json()["run_id"], cached["run_id"])
        for check in (made, later, cached):
            told = self.json("verify", check["run_id"], *self.database_flags())
            self.assertEqual((told["passed"], told["differences"]), (True, []))
            expected = later if check is later else done
            self.assertEqual(told["execution_id"], expected["record"]["execution"]["execution_id"])
            self.assertGreater(len(told["recomputed"]), 2)

    def test_a_check_that_is_tried_again_keeps_its_run_id(self):
        models = self.serve_slowly(200)
        client = self.signed_in()
        made = self.check(client, CLAIM, depth="quick", fresh=True)
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["last_event"] >= 5)
        port = self.port
        self.stop(self.process)
        self.serve(port=port, **models)
        done = self.finished(client, made["id"])
        self.assertEqual((done["state"], done["run_id"]), ("done", made["run_id"]))
        self.assertGreater(done["record"]["cache_hit_rate"], 0)  # a fresh check, too, goes on with what was paid for
        self.assertTrue(self.json("verify", made["run_id"], *self.database_flags())["passed"])

    def test_what_is_too_large_is_refused_before_it_is_planned(self):
        """Of the old program one such request took seconds and gigabytes."""
        client = self.client()
        custom = {"claim": "x" * 500, "model": "play", "depth": "custom"}
        bodies = [({**custom, "K": 4096, "R": 1024}, "4096 times 1024 = 4194304 questions; one measurement asks at most 1024"),
                  ({**custom, "K": 1025, "R": 1}, "1025 times 1 = 1025 questions"),
                  ({**custom, "K": 52, "readout": "frequency"}, "52 times 1 times 20 = 1040 questions"),
                  ({**custom, "K": 4097}, "K must be a whole number from 1 to 4096"),
                  ({**custom, "R": 10**12}, "R must be a whole number from 1 to 1024"),
                  ({**custom, "T": 17}, "T (templates) is 17; it must be from 1 to 16"),
                  ({**custom, "K": 1024, "R": 1, "claim": "x" * 16000}, "characters; at most 1200 are allowed")]

        def refuse_all():
            for body, reason in bodies:
                for path in ("/api/quotes", "/api/checks"):
                    told = client.post(path, body)
                    self.assertEqual(told.status, 422, (body, told.body[:300]))
                    self.assertIn(reason, told.json()["detail"])

        def used():
            """CPU seconds and the most kB that the process has held so far."""
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(re.search(r"VmHWM:\s+(\d+)", status)[1])

        refuse_all()  # both paths, connections and the bank are there from here on
        seconds, memory = used()
        rounds = 40
        for _ in range(rounds):
            refuse_all()
        more_seconds, more_memory = (after - before for after, before in zip(used(), (seconds, memory), strict=True))
        requests = rounds * len(bodies) * 2
        self.assertLess(more_seconds / requests, 0.001)
        self.assertLess(more_memory, 1024)  # kB, for 560 requests together

    def test_a_decision_is_measured_shown_and_counted_by_both_sides(self):
        client = self.signed_in(plan="pro")
        play = next(m for m in client.get("/api/models").json()["models"] if m["name"] == "play")
        self.assertEqual(play["readouts"], ["verbalized", "decision"])
        wish = {"claim": CLAIM, "model": "play", "depth": "quick"}
        self.assertEqual(client.post("/api/quotes", wish).json()["questions"], 8)
        self.assertEqual(client.post("/api/quotes", {**wish, "readout": "decision"}).json()["questions"], 16)
        self.assertEqual(client.post("/api/quotes", {**wish, "readout": "decision", "depth": "deep"}).json()["questions"], 32)

        made = self.check(client, CLAIM, readout="decision", depth="deep")
        done = self.finished(client, made["id"])
        self.assertEqual(done["state"], "done", done["error"])
        facts = done["record"]["readout"]
        self.assertEqual((facts["kind"], done["record"]["execution"]["attempts"]), ("decision", 34), "both sides of one wording are asked once more")
        self.assertLessEqual({"claim", "negation", "yes_bias", "contradicting_share", "step"}, set(facts))
        answers = client.get(f"/api/checks/{made['id']}/answers").json()["answers"]
        usable = [a for a in answers if a["sides"]]
        self.assertEqual(len(usable), facts["answers"])
        self.assertEqual(set(usable[0]["sides"]), {"claim", "negation", "step", "contradict"})
        self.assertTrue(all(CLAIM in a["negated_prompt"] and a["negated_prompt"] != a["prompt"] for a in answers))
        self.assertTrue(self.json("verify", done["run_id"], *self.database_flags())["passed"])

        written = self.finished(client, self.check(client, CLAIM, depth="quick")["id"])
        said = client.get(f"/api/checks/{written['id']}/answers").json()["answers"][0]
        self.assertEqual((said["sides"], said["negated_prompt"]), (None, None))
        self.assertEqual(client.get(f"/api/comparison?a={made['id']}&b={written['id']}").json()["is_paired"], False)

    def test_a_quote_counts_what_every_readout_sends(self):
        self.serve_anew(HERETIX_MODELS="local")
        client = self.client()
        [local] = client.get("/api/models").json()["models"]
        times = {"verbalized": 1, "token": 1, "frequency": 20, "expected": 32, "decision": 2}
        self.assertLessEqual({"verbalized", "token", "frequency", "expected"}, set(local["readouts"]))
        for readout in local["readouts"]:
            told = client.post("/api/quotes", {"claim": CLAIM, "model": "local", "depth": "quick", "readout": readout}).json()
            self.assertEqual(told["questions"], 8 * times[readout], readout)

    def test_a_check_of_the_embedded_model_is_the_one_that_run_makes(self):
        self.serve_anew(HERETIX_MODELS=f"local,play={self.play}")
        client = self.client()
        [local, play] = client.get("/api/models").json()["models"]
        self.assertEqual((local["readouts"][0], play["readouts"][0]), ("token", "verbalized"), "the usual one first")
        made = self.finished(client, self.check(client, CLAIM, model="local", depth="standard")["id"])
        self.assertEqual((made["state"], made["record"]["readout"]["kind"]), ("done", "token"), made["error"])

        self.plan = ()  # its usual one, as the service
        by_run = self.json("run", CLAIM)
        self.assertTrue(made["run_id"].startswith(by_run["run_id"] + "-"), (made["run_id"], by_run["run_id"]))
        self.assertEqual((made["result"]["p"], made["result"]["ci95"]), (by_run["belief_v2"]["p"], by_run["belief_v2"]["ci"]))
        if self.store == "sqlite":
            self.assertEqual(by_run["cache_hit_rate"], 1.0, "it counts the answers of the check")

        written = client.post("/api/quotes", {"claim": CLAIM, "model": "local", "depth": "custom", "K": 8, "R": 2}).json()
        self.assertEqual(written.get("questions"), 16, "replicates call for written answers")

    def test_what_a_model_cannot_be_read_by_is_refused(self):
        client = self.client()
        told = client.post("/api/quotes", {"claim": CLAIM, "model": "play", "readout": "token"})
        self.assertEqual(told.status, 422)
        self.assertIn("play cannot be read by token", told.json()["detail"])
        told = client.post("/api/checks", {"claim": CLAIM, "model": "play", "readout": "decision", "depth": "custom", "K": 4, "R": 3})
        self.assertIn("R is 3; an answer read off the model has no noise", told.json()["detail"])
        self.assertIn("1024 times 1 times 2 = 2048 questions", client.post("/api/quotes", {"claim": CLAIM, "model": "play", "readout": "decision", "depth": "custom", "K": 1024}).json()["detail"])

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

    def test_an_idempotency_key_makes_one_check_from_a_stored_result(self):
        client = self.signed_in()
        body = {"claim": CLAIM, "model": "play"}
        self.finished(client, self.check(client, CLAIM)["id"])
        clients = [self.client() for _ in range(8)]
        for c in clients:
            c.cookies = dict(client.cookies)
        told = self.together(8, lambda i: clients[i].post("/api/checks", body, headers={"Idempotency-Key": "a"}))
        self.assertLessEqual({t.status for t in told}, {201, 409})
        again = client.post("/api/checks", body, headers={"Idempotency-Key": "a"})
        self.assertEqual((again.status, again.headers["Idempotent-Replayed"]), (201, "true"))
        self.assertEqual({t.json()["id"] for t in told if t.status == 201}, {again.json()["id"]})
        other = client.post("/api/checks", {**body, "depth": "quick"}, headers={"Idempotency-Key": "a"})
        self.assertEqual((other.status, "another body" in other.json()["detail"]), (422, True))
        self.assertEqual(self.rows("SELECT count(*) FROM checks WHERE was_cached"), [(1,)])
        self.assertEqual(self.rows("SELECT used FROM rate_counts WHERE scope = 'cached.user'"), [(1,)])

        self.rows("UPDATE rate_counts SET used = 120 WHERE scope = 'cached.user'")
        self.assertEqual([client.post("/api/checks", body, headers={"Idempotency-Key": "b"}).status for _ in range(2)], [429, 429])
        self.assertEqual(self.rows("SELECT idempotency_key FROM idempotency_keys"), [("a",)])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 1)

    def test_a_failed_check_is_given_back_once(self):
        bad = self.script("bad.json", model="bad", rules=[{"fail": "bad_key"}])
        self.serve_anew(HERETIX_MODELS=f"play={bad}")
        client = self.signed_in()
        done = self.finished(client, self.check(client, CLAIM)["id"])
        self.assertEqual((done["state"], done["error"]["kind"]), ("failed", "not_allowed"))
        self.assertIn("key", done["error"]["detail"])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 0)
        self.assertEqual(self.rows("SELECT charged_to FROM check_requests"), [("returned",)])
        self.assertEqual(self.rows("SELECT state FROM jobs WHERE kind = 'check'"), [("dead",)])

    def test_cancelling_gives_back_what_nobody_ran_yet(self):
        self.serve_anew("--no-worker")
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
        self.serve_slowly(500)
        client = self.signed_in()
        made = self.check(client, CLAIM)
        self.wait_for(lambda: client.get(f"/api/checks/{made['id']}").json()["state"] == "running")
        self.assertEqual(client.post(f"/api/checks/{made['id']}/cancel").status, 202)
        self.assertEqual(self.finished(client, made["id"], 10)["state"], "cancelled")

    def test_a_killed_worker_loses_nothing(self):
        models = self.serve_slowly(200, 2)
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
        self.serve_anew(HERETIX_KEEP_DAYS="30")
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
