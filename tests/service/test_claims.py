"""The history by claim, and what the service says to people who have no command line."""
import json
import re
import time
import urllib.parse
import uuid

from cases import EachStore, events_of

CLAIM = "Copper conducts electricity better than iron"
OTHER = {"model": "other", "rules": [{"prob_true": 0.2}]}
# Too few answers can be used: the check fails, and the hint of that error is for a command line.
MUTE = {"model": "mute", "rules": [{"text": "no idea"}]}
COMMAND_LINE = re.compile(r"--[a-z]|\bheretix [a-z]|[\w/]\.(md|json|ya?ml|sqlite|gguf)\b|(^|[ (])-[KRT]\b")


class Claims(EachStore):
    models = "play={play},other={other},mute={mute}"

    def environment(self, **more):
        self.models = type(self).models.replace("{other}", self.script("other.json", **OTHER)).replace("{mute}", self.script("mute.json", **MUTE))
        return super().environment(**more)

    def pages(self, client, path, **parameters):
        """All rows of a list, page by page."""
        rows, before = [], None
        while True:
            query = urllib.parse.urlencode({**parameters, **({"before": before} if before else {})})
            told = client.get(f"{path}?{query}").json()
            rows += told[path.rsplit("/", 1)[1]]
            before = told["next"]
            if not before:
                return rows

    def test_a_claim_is_one_row_with_the_newest_result_of_each_model(self):
        client = self.signed_in(plan="pro")
        first = self.finished(client, self.check(client, CLAIM, depth="quick")["id"])
        second = self.finished(client, self.check(client, CLAIM, depth="quick", fresh=True)["id"])
        other = self.finished(client, self.check(client, CLAIM, model="other", depth="quick")["id"])
        failed = self.finished(client, self.check(client, CLAIM, model="other", depth="custom", K=4, R=1, T=4, fresh=True, seed=1)["id"])
        alone = self.finished(client, self.check(client, "Tea contains caffeine", depth="quick")["id"])
        self.assertEqual(failed["state"], "done")

        told = client.get("/api/claims").json()
        self.assertIsNone(told["next"])
        self.assertEqual([(row["claim"], row["checks"]) for row in told["claims"]], [("Tea contains caffeine", 1), (CLAIM, 4)])
        tea, copper = told["claims"]
        self.assertEqual([(one["latest"]["id"], one["checks"]) for one in tea["models"]], [(alone["id"], 1)])
        self.assertEqual([(one["latest"]["id"], one["latest"]["model"], one["checks"]) for one in copper["models"]],
                         [(failed["id"], "other", 2), (second["id"], "play", 2)])
        self.assertEqual((copper["since"], copper["newest_at"]), (first["created_at"], failed["created_at"]))
        for row, check in ((copper["models"][1], second), (tea["models"][0], alone)):
            self.assertEqual(row["latest"]["result"], check["result"])
            self.assertEqual(len(row["latest"]["result"]["ci95"]), 2)

        # The row opens to these.
        inner = self.pages(client, "/api/checks", same_claim_as=second["id"], limit=3)
        self.assertEqual([check["id"] for check in inner], [failed["id"], other["id"], second["id"], first["id"]])
        self.assertEqual([check["id"] for check in self.pages(client, "/api/checks", same_claim_as=second["id"], model="play")], [second["id"], first["id"]])

        # A model without a result says so, and one with a result keeps showing it.
        mute = self.finished(client, self.check(client, CLAIM, model="mute", depth="quick")["id"])
        self.assertEqual(mute["state"], "failed")
        copper = client.get("/api/claims").json()["claims"][0]
        self.assertEqual([(one["latest"]["model"], one["latest"]["state"]) for one in copper["models"]], [("mute", "failed"), ("other", "done"), ("play", "done")])
        self.assertEqual([row["checks"] for row in client.get("/api/claims?model=play").json()["claims"]], [1, 2])
        self.assertEqual([(row["claim"], row["checks"]) for row in client.get("/api/claims?state=failed").json()["claims"]], [(CLAIM, 1)])
        self.assertEqual([row["claim"] for row in client.get("/api/claims?search=TEA").json()["claims"]], ["Tea contains caffeine"])
        self.assertEqual([row["claim"] for row in client.get("/api/claims?sort=oldest").json()["claims"]], ["Tea contains caffeine", CLAIM])
        for query in ("sort=best", "state=lost", "before=x", "limit=0", "limit=201"):
            self.assertEqual(client.get(f"/api/claims?{query}").status, 422, query)

        stranger = self.client()
        self.assertEqual(stranger.get("/api/claims").json(), {"claims": [], "next": None})
        grace = self.signed_in("grace@example.org")
        for path in (f"/api/checks?same_claim_as={first['id']}", f"/api/claims?before={first['id']}"):
            self.assertEqual((stranger.get(path).status, grace.get(path).status), (404, 404), path)
        self.assertEqual(client.get("/api/checks?same_claim_as=x").status, 422)

    def test_pages_of_claims_hold_each_claim_once_and_are_quick(self):
        client = self.signed_in(plan="pro")
        user = client.get("/api/me").json()["id"]
        columns = self.check_columns(self.finished(client, self.check(client, CLAIM)["id"])["id"])

        # 12,000 checks of 300 claims, many of them at the same moment, and the same claims of somebody else.
        other = self.signed_in("grace@example.org").get("/api/me").json()["id"]
        rows, requests = [], []
        for i in range(16_000):
            owner, place = (user, i) if i < 12_000 else (other, i - 12_000)
            claim, at = f"Claim {place * 7 % 300}", f"2026-01-{1 + place // 600:02} 08:{place // 10 % 60:02}:00.000000"
            identifier = str(uuid.UUID(int=i + 1))
            rows.append((identifier, f"heretix-rpl-000000000000-{i:012}", owner, claim, f"hash of {claim}", f"model {place // 300 % 3}", at, *columns.values()))
            requests.append((identifier, "failed" if place % 50 == 0 else "done", "{}", "user", at, at))
        names = ", ".join(f'"{name}"' for name in columns)
        self.insert(f"checks (id, run_id, user_id, claim, claim_hash, model, created_at, {names})", rows)
        self.insert("check_requests (check_id, state, request, charged_to, created_at, updated_at)", requests)
        self.rows("ANALYZE")

        newest = {}
        for identifier, _, owner, claim, _, _, at, *_ in rows:
            if owner == user:
                newest[claim] = max(newest.get(claim, ("", "")), (at, identifier))
        expected = sorted(newest, key=newest.get, reverse=True)
        for order, wanted in (("newest", [CLAIM, *expected]), ("oldest", [*reversed(expected), CLAIM])):
            began = time.monotonic()
            found = self.pages(client, "/api/claims", sort=order, limit=40)
            took = (time.monotonic() - began) / 8
            self.assertEqual([row["claim"] for row in found], wanted)
            self.assertEqual(sum(row["checks"] for row in found), 12_001)
            self.assertEqual({len(row["models"]) for row in found if row["claim"] != CLAIM}, {3})
            self.assertLess(took, 1.0, "seconds a page")
            print(f"{self.store}: a page of 40 claims out of 12,000 checks takes {1000 * took:.0f} ms")

        failed = self.pages(client, "/api/claims", state="failed", limit=7)
        self.assertEqual(sum(row["checks"] for row in failed), 240)

    def check_columns(self, identifier):
        """What a row of `checks` must have beside what a test names, from a row that the service wrote."""
        names = ("env", "prompt_version", "K", "R", "T", "B")
        quoted = ", ".join(f'"{name}"' for name in names)
        values = dict(zip(names, self.rows(f"SELECT {quoted} FROM checks WHERE id = %s", identifier)[0], strict=True))
        return {**values, "was_cached": False}

    def test_no_message_speaks_of_a_command_line(self):
        client = self.signed_in(plan="pro")
        told = []

        def say(answer, status):
            self.assertEqual(answer.status, status, answer.body)
            problem = answer.json()
            self.assertNotRegex(problem["detail"], COMMAND_LINE)
            told.append(problem["detail"])

        wishes = [{"K": 1, "R": 1, "depth": "custom"}, {"readout": "next"}, {"readout": "decision"}, {"readout": "frequency"}, {"readout": "expected"}, {"depth": "deepest"}, {"K": 3},
                  {"depth": "custom", "K": 1024, "R": 1024}, {"depth": "custom", "T": 900}, {"model": "none"}, {"claim": "Is it so?"}, {"claim": "42"}, {"claim": ""},
                  {"claim": "x" * 3999}, {"readout": "token", "R": 2, "depth": "custom"}, {"depth": "custom", "K": 2, "R": 1, "T": 2}]
        for wish in wishes:
            for path in ("/api/quotes", "/api/checks"):
                answer = client.post(path, {"claim": CLAIM, "model": "play", **wish})
                if answer.status not in (200, 201):
                    say(answer, 422)
        say(client.get("/api/nothing"), 404)
        say(client.get(f"/api/checks/{uuid.uuid4()}"), 404)
        say(client.get("/api/checks?limit=0"), 422)
        say(client.request("PATCH", "/api/checks"), 405)
        self.assertIn("ask more templates (K) or more replicates (R)", " ".join(told))

        failed = self.finished(client, self.check(client, CLAIM, model="mute", depth="quick")["id"])
        self.assertEqual(failed["state"], "failed")
        self.assertIn("0 of 8 answers are usable", failed["error"]["detail"])
        self.assertIn("ask more: K, R", failed["error"]["detail"])
        self.assertNotRegex(failed["error"]["detail"], COMMAND_LINE)

        # An earlier build has stored the error as it is told at a command line.
        self.rows("UPDATE check_requests SET error = %s WHERE check_id = %s", "it failed; see docs/models.md, or --readout token", failed["id"])
        self.rows("UPDATE check_events SET payload = %s WHERE check_id = %s AND kind = 'state' AND payload LIKE '%%error%%'",
                  json.dumps({"state": "failed", "error": "it failed; see heretix answers"}), failed["id"])
        self.assertEqual(client.get(f"/api/checks/{failed['id']}").json()["error"]["detail"], "it failed")
        events = events_of(self.port, failed["id"], client.cookies, after=0)
        self.assertIn({"state": "failed", "error": "it failed"}, [payload for _, _, payload in events])
        for model in client.get("/api/models").json()["models"]:
            self.assertNotRegex(model["cost_note"], COMMAND_LINE)
