"""Sets: many claims by several models, as one table."""
import csv
import io
import json
import pathlib
import shutil
import unittest.mock

import pyarrow.parquet

from cases import PROGRAM, EachStore

OTHER = {"model": "other", "rules": [{"user_contains": "Moon", "prob_true": 0.2}, {"prob_true": 0.9}]}
TABLE = """claim,topic,truth
Copper conducts electricity,physics;metals,true
"The Moon, they say, is made of cheese",space,false
Tea contains caffeine,food,1
"""


class Sets(EachStore):
    models = "play={play},other={other},local"

    def environment(self, **more):
        self.models = type(self).models.replace("{other}", self.script("other.json", **OTHER))
        return super().environment(**more)

    def wish(self, text=TABLE, **fields):
        return {"text": text, "models": ["play", "other"], "name": "Three claims", **fields}

    def made(self, client, expect=201, key=None, **fields):
        told = client.post("/api/sets", self.wish(**fields), headers={"Idempotency-Key": key} if key else {})
        self.assertEqual(told.status, expect, told.body)
        return told.json()

    def ended(self, client, identifier):
        def look():
            told = client.get(f"/api/sets/{identifier}").json()
            return told if told["state"] != "running" else None
        return self.wait_for(look, 40)

    def refused(self, client, status, *says, path="/api/sets", **fields):
        told = client.post(path, self.wish(**fields))
        self.assertEqual(told.status, status, told.body)
        for text in says:
            self.assertIn(text, told.json()["detail"])

    def cells(self, client, identifier, query=""):
        columns = client.get(f"/api/sets/{identifier}/rows{query}").json()["cells"]
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]

    def test_a_set_is_measured_and_shown_as_a_table(self):
        client = self.signed_in(plan="pro")
        made = self.made(client)
        self.assertEqual((made["claims"], made["checks"], made["models"], made["name"]), (3, 6, ["play", "other"], "Three claims"))
        done = self.ended(client, made["id"])
        self.assertEqual(done["counts"], {"queued": 0, "running": 0, "done": 6, "failed": 0, "cancelled": 0, "stored": 0})
        rows = client.get(f"/api/sets/{made['id']}/rows").json()
        self.assertEqual(rows["claims"][1], {"number": 1, "line": 3, "claim": "The Moon, they say, is made of cheese", "tags": ["space"], "truth": False})
        self.assertEqual([claim["tags"] for claim in rows["claims"]], [["physics", "metals"], ["space"], ["food"]])
        self.assertEqual([claim["truth"] for claim in rows["claims"]], [True, False, True])
        cells = self.cells(client, made["id"])
        self.assertEqual([(cell["claim"], cell["model"], cell["state"]) for cell in cells], [(c, m, "done") for c in range(3) for m in range(2)])
        # Each cell is a check like any other, and says what its record says.
        for cell in cells:
            check = client.get(f"/api/checks/{cell['check']}").json()
            belief = check["record"]["belief_v2"]
            self.assertEqual((cell["p"], cell["low"], cell["stable"]), (round(belief["p"], 6), round(belief["ci"][0], 6), belief["stable"]))
            self.assertEqual(cell["gates_failed"], [gate["name"] for gate in check["record"]["gates"] if not gate["passed"]])
            self.assertEqual(check["claim"], rows["claims"][cell["claim"]]["claim"])
        self.assertLess(cells[3]["p"], 0.3)  # the Moon, by `other`
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 6)
        self.assertEqual([one["id"] for one in client.get("/api/sets").json()["sets"]], [made["id"]])

    def test_the_same_set_again_is_answered_from_stored_results(self):
        client = self.signed_in(plan="pro")
        self.ended(client, self.made(client)["id"])
        quote = client.post("/api/set-quotes", self.wish()).json()
        self.assertEqual([one["stored"] for one in quote["models"]], [3, 3])
        again = self.made(client)
        self.assertEqual((again["state"], again["counts"]["stored"], client.get("/api/usage").json()["checks_used"]), ("done", 6, 6))
        self.assertEqual([cell["p"] is not None for cell in self.cells(client, again["id"])], [True] * 6)
        fresh = self.made(client, fresh=True)
        self.assertEqual((self.ended(client, fresh["id"])["counts"]["stored"], client.get("/api/usage").json()["checks_used"]), (0, 12))

    def test_a_quote_says_what_would_be_asked_and_asks_nothing(self):
        client = self.signed_in(plan="pro")
        text = "statement,tag\nIs tea hot?,a\nCopper conducts,b\n42,c\nCopper conducts,b\nToo,many,cells\nTea is hot,\n"
        quote = client.post("/api/set-quotes", self.wish(text=text, depth="quick")).json()
        self.assertEqual((quote["format"], quote["columns"], quote["claim_column"], quote["tags_column"], quote["truth_column"]),
                         ("csv", ["statement", "tag"], "statement", "tag", None))
        self.assertEqual((quote["claims"], quote["questions"], quote["question_lines"]), (3, 1, [{"line": 2, "claim": "Is tea hot?"}]))
        self.assertEqual([one["line"] for one in quote["refused_lines"]], [4, 5, 6])
        self.assertIn("only a number", quote["refused_lines"][0]["why"])
        self.assertIn("repeats the claim of line 3", quote["refused_lines"][1]["why"])
        self.assertIn("it has 3 cells, but the header has 2", quote["refused_lines"][2]["why"])
        self.assertEqual((quote["checks"], [one["questions"] for one in quote["models"]], quote["checks_left"]), (6, [24, 24], 750))
        without = client.post("/api/set-quotes", self.wish(text=text, depth="quick", questions="leave_out")).json()
        self.assertEqual((without["checks"], without["questions"]), (4, 1))
        self.assertEqual(client.get("/api/checks").json()["checks"], [])
        self.assertEqual((self.rows("SELECT count(*) FROM sets"), self.rows("SELECT count(*) FROM jobs WHERE kind = 'check'")), ([(0,)], [(0,)]))

    def test_lines_and_json_lines_are_read_as_well(self):
        client = self.signed_in(plan="pro")
        plain = client.post("/api/set-quotes", self.wish(text="Tea is hot\nSnow is white\n\n")).json()
        self.assertEqual((plain["format"], plain["claims"], plain["sample"][1]["line"]), ("lines", 2, 2))
        lines = "\n".join(json.dumps(one) for one in ({"claim": "Tea is hot", "tags": ["a", "b"], "truth": True}, {"text": "no claim"}, {"claim": "Snow is white", "truth": 0}))
        told = client.post("/api/set-quotes", self.wish(text=lines + "\n{not json\n")).json()
        self.assertEqual((told["format"], [one["tags"] for one in told["sample"]], [one["truth"] for one in told["sample"]]), ("jsonl", [["a", "b"], []], [True, False]))
        self.assertEqual([(one["line"], one["why"]) for one in told["refused_lines"]], [(2, "it has no claim"), (4, "it is not a JSON object")])
        chosen = client.post("/api/set-quotes", self.wish(text="a,b\nx,Tea is hot\n", claim_column="b", tags_column="a")).json()
        self.assertEqual((chosen["claims"], chosen["sample"][0]["claim"], chosen["sample"][0]["tags"]), (1, "Tea is hot", ["x"]))
        self.assertEqual(client.post("/api/set-quotes", self.wish(text="a,b\nx,Tea is hot\n")).json()["claim_column"], None)

    def test_questions_have_to_be_decided_on(self):
        client = self.signed_in(plan="pro")
        text = "Is tea hot?\nSnow is white\n"
        self.refused(client, 422, "1 claim is a question, in line 1", "leave_out", text=text)
        self.assertEqual(self.made(client, text=text, questions="leave_out")["claims"], 1)
        self.assertEqual(self.made(client, text=text, questions="ask")["claims"], 2)

    def test_limits_are_named(self):
        client = self.signed_in(plan="pro")
        many = "\n".join(f"Claim number {i} is true" for i in range(10_001))
        self.refused(client, 422, "the set has 10001 claims; at most 10000 are allowed", "split it", text=many)
        self.refused(client, 422, "text has 2097153 bytes; at most 2097152", text="a" * 2_097_153)
        self.refused(client, 422, "models has 13 entries; at most 12", models=[f"m{i}" for i in range(13)])
        self.refused(client, 422, "there is no model 'nobody'", models=["nobody"])
        self.refused(client, 422, "names a model twice", models=["play", "play"])
        self.refused(client, 422, "names no model", models=[])
        self.refused(client, 422, "the set is empty", text=" \n")
        self.refused(client, 422, 'there is no column "nowhere"', claim_column="nowhere")
        self.refused(client, 422, "no claim that can be measured", text="claim\n42\n")
        self.refused(client, 413, "65536", path="/api/checks", text="a" * 70_000)
        self.refused(client, 413, "3145728", text="a" * 3_200_000)

    def test_a_plan_pays_for_all_checks_of_a_set_or_for_none(self):
        client = self.signed_in(plan="starter")
        self.ended(client, self.made(client)["id"])
        text = "\n".join(f"Claim number {i} is true" for i in range(8))
        told = client.post("/api/sets", self.wish(text=text))
        self.assertEqual((told.status, told.json()["reason"]), (402, "limit_reached"))
        self.assertIn("16 checks are needed, and 14 of 20 are left this month", told.json()["detail"])
        self.assertEqual((client.get("/api/usage").json()["checks_used"], len(client.get("/api/sets").json()["sets"])), (6, 1))
        self.assertEqual(self.made(client, text="\n".join(text.split("\n")[:7]))["checks"], 14)
        trial = self.signed_in("eve@example.org")
        told = trial.post("/api/sets", self.wish())
        self.assertEqual((told.status, told.json()["reason"]), (402, "require_subscription"))
        self.assertIn("6 checks are needed, and 3 of 3 are left in the trial", told.json()["detail"])

    def test_the_same_key_makes_one_set(self):
        client = self.signed_in(plan="pro")
        first = self.made(client, key="k1")
        again = client.post("/api/sets", self.wish(), headers={"Idempotency-Key": "k1"})
        self.assertEqual((again.status, again.json()["id"], again.headers["Idempotent-Replayed"]), (201, first["id"], "true"))
        other = client.post("/api/sets", self.wish(name="another"), headers={"Idempotency-Key": "k1"})
        self.assertEqual(other.status, 422)
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 6)

    def test_nobody_else_sees_a_set(self):
        ada, grace, stranger = self.signed_in(plan="pro"), self.signed_in("grace@example.org", plan="pro"), self.client()
        made = self.made(ada)
        self.ended(ada, made["id"])
        for path in ("", "/rows", "/summary", "/results.csv", "/results.jsonl", "/results.parquet"):
            self.assertEqual(ada.get(f"/api/sets/{made['id']}{path}").status, 200)
            self.assertEqual(grace.get(f"/api/sets/{made['id']}{path}").status, 404)
            self.assertEqual(stranger.get(f"/api/sets/{made['id']}{path}").status, 401)
        self.assertEqual((grace.delete(f"/api/sets/{made['id']}").status, grace.post(f"/api/sets/{made['id']}/cancel").status), (404, 404))
        self.assertEqual((stranger.delete(f"/api/sets/{made['id']}").status, stranger.post("/api/sets", self.wish()).status), (401, 401))
        self.assertEqual((grace.get("/api/sets").json()["sets"], grace.get(f"/api/sets?before={made['id']}").status), ([], 404))
        self.assertEqual([client.get(f"/sets/{made['id']}").status for client in (ada, grace, stranger)], [200, 404, 404])
        # What ada measured is not reused for grace, who pays for her own.
        self.assertEqual([one["stored"] for one in grace.post("/api/set-quotes", self.wish()).json()["models"]], [0, 0])

    def test_the_summary_says_what_the_set_says_as_a_whole(self):
        client = self.signed_in(plan="pro")
        made = self.made(client)
        self.ended(client, made["id"])
        summary = client.get(f"/api/sets/{made['id']}/summary").json()["summary"]
        self.assertEqual([model["name"] for model in summary["models"]], ["play", "other"])
        cells = self.cells(client, made["id"])
        apart = sum(abs(cells[2 * i]["p"] - cells[2 * i + 1]["p"]) for i in range(3)) / 3
        self.assertAlmostEqual(summary["agreement"][0]["distance"], apart, 5)
        self.assertEqual([(one["right"], one["wrong"], one["labelled"]) for one in summary["truth"]], [(2, 1, 3), (3, 0, 3)])
        brier = sum((cells[2 * i + 1]["p"] - truth) ** 2 for i, truth in enumerate((1, 0, 1))) / 3
        self.assertAlmostEqual(summary["truth"][1]["scores"]["brier"], brier, 5)
        self.assertEqual((summary["checks_with_wordings"], len(summary["components"]) > 0, "<claim>" in summary["wordings"][0]["wording"]), (6, True, True))

    def test_a_set_is_cancelled_and_what_waits_is_given_back(self):
        models = self.serve_slowly(400)
        self.assertTrue(models)
        client = self.signed_in(plan="pro")
        text = "\n".join(f"Claim number {i} is true" for i in range(12))
        made = self.made(client, text=text, models=["play"])
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 12)
        self.assertEqual(client.delete(f"/api/sets/{made['id']}").status, 409)
        self.assertEqual(client.post(f"/api/sets/{made['id']}/cancel").status, 202)
        ended = self.ended(client, made["id"])
        self.assertEqual((ended["state"], ended["counts"]["cancelled"]), ("cancelled", 12))
        self.assertEqual(client.get("/api/usage").json()["checks_used"], 0)
        self.assertEqual(client.post(f"/api/sets/{made['id']}/cancel").status, 409)

    def test_a_check_of_somebody_else_does_not_wait_for_a_set(self):
        self.serve_slowly(100)
        ada, grace = self.signed_in(plan="pro"), self.signed_in("grace@example.org", plan="pro")
        made = self.made(ada, text="\n".join(f"Claim number {i} is true" for i in range(30)), models=["play"])
        check = self.finished(grace, self.check(grace, "Snow is white", depth="quick")["id"])
        self.assertEqual(check["state"], "done")
        self.assertGreater(ada.get(f"/api/sets/{made['id']}").json()["counts"]["queued"], 15)

    def test_what_changed_since_is_told_alone(self):
        client = self.signed_in(plan="pro")
        made = self.made(client)
        self.ended(client, made["id"])
        whole = client.get(f"/api/sets/{made['id']}/rows").json()
        part = client.get(f"/api/sets/{made['id']}/rows?since={whole['as_of'].replace(' ', '%20')}").json()
        self.assertNotIn("claims", part)
        self.assertEqual(len(self.cells(client, made["id"], "?since=2999-01-01%2000:00:00.000000")), 0)
        self.assertEqual(client.get(f"/api/sets/{made['id']}/rows?since=yesterday").status, 422)

    def test_a_download_has_a_row_for_each_claim_and_model(self):
        client = self.signed_in(plan="pro")
        made = self.made(client)
        self.ended(client, made["id"])
        told = client.get(f"/api/sets/{made['id']}/results.csv")
        self.assertEqual(told.headers["Content-Disposition"], 'attachment; filename="Three-claims.csv"')
        rows = list(csv.DictReader(io.StringIO(told.body.decode())))
        self.assertEqual(len(rows), 6)
        self.assertEqual((rows[2]["claim"], rows[2]["tags"], rows[2]["truth"], rows[2]["line"], rows[2]["mock"]),
                         ("The Moon, they say, is made of cheese", "space", "false", "3", "true"))
        check = client.get(f"/api/checks/{rows[2]['check_id']}").json()
        self.assertEqual((float(rows[2]["p"]), rows[2]["run_id"], rows[2]["execution_id"]),
                         (check["record"]["belief_v2"]["p"], check["run_id"], check["record"]["execution"]["execution_id"]))

    def test_a_download_as_parquet_has_the_same_rows_with_their_types(self):
        client = self.signed_in(plan="pro")
        made = self.made(client)
        self.ended(client, made["id"])
        told = client.get(f"/api/sets/{made['id']}/results.parquet")
        self.assertEqual((told.status, told.headers["Content-Type"]), (200, "application/vnd.apache.parquet"), told.body[:300])
        table = pyarrow.parquet.read_table(io.BytesIO(told.body)).to_pylist()
        lines = [json.loads(line) for line in client.get(f"/api/sets/{made['id']}/results.jsonl").body.decode().splitlines()]
        self.assertEqual(table, lines)
        self.assertEqual((table[0]["tags"], table[2]["truth"], type(table[0]["p"])), (["physics", "metals"], False, float))

    def test_without_the_program_that_makes_parquet_the_error_says_so(self):
        bare = self.folder / "bin"
        bare.mkdir()
        share = pathlib.Path(PROGRAM).resolve().parent.parent / "share"
        shutil.copy2(PROGRAM, bare / "heretix")
        (self.folder / "share").symlink_to(share)
        self.stop(self.process)
        with unittest.mock.patch("cases.PROGRAM", str(bare / "heretix")):
            self.serve()
        client = self.signed_in(plan="pro")
        made = self.made(client, models=["play"])
        self.ended(client, made["id"])
        told = client.get(f"/api/sets/{made['id']}/results.parquet")
        self.assertEqual(told.status, 404)
        self.assertIn("heretix-export is not installed", told.json()["detail"])
        self.assertEqual(client.get(f"/api/sets/{made['id']}/results.csv").status, 200)

    def test_a_set_goes_with_everything_that_it_measured(self):
        client = self.signed_in(plan="pro")
        kept = self.finished(client, self.check(client, "Snow is white")["id"])
        made = self.made(client, key="of-the-set")
        self.ended(client, made["id"])
        self.assertEqual(client.delete(f"/api/sets/{made['id']}").status, 204)
        self.assertEqual(client.get(f"/api/sets/{made['id']}").status, 404)
        self.assertEqual([check["id"] for check in client.get("/api/checks").json()["checks"]], [kept["id"]])
        for place, table, _, rows in self.every_table():
            told = [row for row in rows if any("cheese" in str(value) or made["id"] in str(value) for value in row.values())]
            self.assertEqual(told, [], f"{place} {table}")

    def test_a_set_without_any_check_is_forgotten_after_a_day(self):
        client = self.signed_in(plan="pro")
        gone, kept = self.made(client, text="Tea is hot\n", models=["play"]), self.made(client, text="Snow is white\n", models=["play"])
        for made in (gone, kept):
            self.ended(client, made["id"])
        self.assertEqual(client.delete(f"/api/checks/{self.cells(client, gone['id'])[0]['check']}").status, 204)
        moved = "datetime('now', '-2 days')" if self.store == "sqlite" else "now() - interval '2 days'"
        self.rows(f"UPDATE sets SET created_at = {moved}")
        self.rows("DELETE FROM jobs WHERE kind = 'clean_up'")
        self.wait_for(lambda: self.rows("SELECT state FROM jobs WHERE kind = 'clean_up'") == [("done",)], 30)
        self.assertEqual([one["id"] for one in client.get("/api/sets").json()["sets"]], [kept["id"]])

    def test_a_claim_goes_with_its_last_check(self):
        client = self.signed_in(plan="pro")
        made = self.made(client)
        self.ended(client, made["id"])
        cells = self.cells(client, made["id"])
        self.assertEqual(client.delete(f"/api/checks/{cells[0]['check']}").status, 204)
        self.assertEqual(len(client.get(f"/api/sets/{made['id']}/rows").json()["claims"]), 3)
        self.assertEqual(client.delete(f"/api/checks/{cells[1]['check']}").status, 204)
        rows = client.get(f"/api/sets/{made['id']}/rows").json()
        self.assertEqual([claim["number"] for claim in rows["claims"]], [1, 2])
        self.assertEqual(len(rows["cells"]["check"]), 4)
