"""heretix run --readout and heretix readouts on servers whose token probabilities are known."""
import json
import math

from cases import CLAIM, HostedTest
from fault_server import failure, success, usage_of

OPENING = '{"belief":{"prob_true":'
TREE = {"": {"0": 0.7, "1": 0.3}, "0": {".": 1.0}, "0.": {"8": 0.6, "9": 0.4}, "0.8": {",": 1.0}, "0.9": {",": 1.0}, "1": {",": 1.0}}
EXPECTED = 0.7 * (0.6 * 0.8 + 0.4 * 0.9) + 0.3
MODEL = "openai-compatible/m"


def logprobs(steps):
    return [{"token": chosen, "bytes": None, "logprob": math.log(choices[chosen]),
             "top_logprobs": [{"token": t, "bytes": None, "logprob": math.log(p)} for t, p in choices.items()]} for chosen, choices in steps]


def number_reply(asked, _):
    """Goes on from the opening by the likeliest tokens."""
    messages = asked.body["messages"]
    if messages[-1]["role"] != "assistant":
        return None
    assert asked.body["continue_final_message"] and asked.body["top_logprobs"] == 20 and "response_format" not in asked.body
    begun, text, steps = messages[-1]["content"].removeprefix(OPENING), "", []
    while begun + text in TREE:
        choices = TREE[begun + text]
        steps.append((max(choices, key=choices.get), choices))
        text += steps[-1][0]
    return success(asked, text=text, logprobs=logprobs(steps), usage={**usage_of(asked.user, text), "output": 8, "reasoning": 0})  # within what a part is allowed


def word_reply(asked, _):
    if "True or False" not in asked.body["messages"][0]["content"]:
        return None
    if asked.body.get("logprobs"):
        return success(asked, text="True", logprobs=logprobs([("True", {"True": 0.5, " true": 0.1, "False": 0.2, "The": 0.2})]))
    return success(asked, text="True" if asked.number % 4 else "False.")


class Readouts(HostedTest):
    def test_an_expected_answer_is_the_mean_of_its_tree(self):
        server = self.serve(number_reply)
        record = self.asked(server, "--readout", "expected", model=MODEL, plan={"K": 4})
        self.assertEqual(len(server.ledger), 8, "the opening, and the one branch that can move the mean")
        for template in record["templates"]:
            self.assertAlmostEqual(template["prob_true"][0], EXPECTED, 8)
        self.assertEqual(record["readout"]["kind"], "expected")
        self.assertEqual(record["readout"]["parts_mean"], 2)
        self.assertLessEqual(abs(record["execution"]["billed_micro_usd"] - server.invoice_picos / 1e6), 1)
        self.assert_ledger(server)
        again = self.asked(server, "--readout", "expected", model=MODEL, plan={"K": 4})
        self.assertEqual((len(server.ledger), again["estimate"]), (8, record["estimate"]))
        self.ok("verify", record["run_id"])
        self.assertEqual(len(self.rows("SELECT * FROM samples")), 4, "parts are no samples")

    def test_what_was_paid_for_is_not_paid_again_after_a_stop(self):
        server = self.serve(number_reply)
        stopped = self.ask(server, "--readout", "expected", "--budget", "0.004", "--concurrency", 1, model=MODEL, plan={"K": 8})
        self.assertEqual(stopped.returncode, 7, stopped.stderr)
        before = len(server.ledger)
        self.assertTrue(0 < before < 16, before)
        self.asked(server, "--readout", "expected", model=MODEL, plan={"K": 8})
        self.assertEqual(len(server.ledger), 16)
        self.assert_ledger(server)

    def test_a_branch_that_fails_is_asked_again_and_one_without_probabilities_stays_open(self):
        def script(asked, number):
            if asked.body["messages"][-1]["content"] != OPENING:
                return success(asked, text="9,", usage=usage_of(asked.user, "9"))
            return failure(asked, 429, "rate_limit", "slow down", headers=[("Retry-After", "0")]) if asked.number == 1 else number_reply(asked, number)
        server = self.serve(script)
        record = self.asked(server, "--readout", "expected", model=MODEL, plan={"K": 4})
        self.assertAlmostEqual(record["templates"][0]["prob_true"][0], EXPECTED + 0.7 * 0.4 * 0.05, 8)
        self.assertAlmostEqual(record["readout"]["reach_most"], 0.7 * 0.4 * 0.1, 8)

    def test_token_probability_sums_both_spellings(self):
        server = self.serve(word_reply)
        record = self.asked(server, "--readout", "token", model=MODEL, plan={"K": 3})
        self.assertEqual(len(server.ledger), 3)
        self.assertAlmostEqual(record["templates"][0]["prob_true"][0], 0.6 / 0.8, 8)
        self.assertAlmostEqual(record["readout"]["other_mass_mean"], 0.2, 8)
        self.assertTrue(record["config"]["prompt_version"].endswith("+word"))

    def test_what_goes_to_other_words_is_a_gate_and_no_part_of_the_score(self):
        def mass_of(reply):
            record = self.asked(self.serve(reply), "--readout", "token", "--fresh", model=MODEL, plan={"K": 3})
            gate = record["gates"][-1]
            self.assertEqual((gate["name"], gate["limit"], gate["bound"]), ("mass", 0.5, "at_least"))
            return gate, record["pqs"], record["run_id"]

        def other_words(asked, _):
            return success(asked, text="The", logprobs=logprobs([("The", {"The": 0.996, "True": 0.003, "False": 0.001})]))

        heard, score, _ = mass_of(word_reply)
        unheard, same_score, run = mass_of(other_words)
        self.assertAlmostEqual(heard["observed"], 0.8, 8)
        self.assertAlmostEqual(unheard["observed"], 0.004, 8)
        self.assertEqual((heard["passed"], unheard["passed"], score), (True, False, same_score))
        told = self.heretix("show", run).stdout
        self.assertRegex(told, r"mass +FAIL  0\.00 < 0\.50  share of the probability that is on True and False")
        self.assertIn("heretix readouts shows them all", told)
        self.ok("report", run, "-o", "report.html")
        first_screen = (self.folder / "report.html").read_text().split("By wording")[0]
        self.assertIn("The gate mass fails: 0.00, where at least 0.50 is required (share of the probability that is on True and False)", first_screen)

    def test_a_reply_without_the_content_that_its_tokens_spell_is_no_answer(self):
        """A thinking model behind llama-server: the tokens are those of its thinking, which the content leaves out."""
        thought = logprobs([("True", {"True": 0.9, "False": 0.1}), (" or", {" or": 1.0}), (" not?", {" not?": 1.0})])
        number = logprobs([("0", {"0": 0.6, "1": 0.4}), (".", {".": 1.0}), ("5", {"5": 1.0})])
        ended = logprobs([("True", {"True": 0.9, "False": 0.1}), ("<|im_end|>", {"<|im_end|>": 1.0})])
        cut = [{"token": "\ufffd", "bytes": byte, "logprob": -9.0, "top_logprobs": [{"token": t, "bytes": None, "logprob": math.log(p)} for t, p in (("True", 0.9), ("False", 0.09))]}
               for byte in ([0xc3], [0xa9])]
        cases = {"empty": ("token", "", thought, "the content of the reply is empty, though its tokens are 'True or not?'"),
                 "blank": ("token", " \n", thought, "the content of the reply is empty"),
                 "other": ("token", "False", thought, "its tokens 'True or not?' do not spell its content 'False'"),
                 "shorter": ("token", "True", thought, "do not spell its content 'True'"),
                 "longer": ("token", "True. It is so", thought[:1], "do not spell its content 'True. It is so'"),
                 "number": ("expected", "0.9", number, "its tokens '0.5' do not spell its content '0.9'"),
                 "no number": ("expected", "", number, "the content of the reply is empty"),
                 "begun": ("expected", OPENING, number, "the content of the reply is empty"),
                 "no word": ("frequency", "", None, "the content of the reply is empty; the model may think"),
                 "gone on": ("expected", OPENING + "0.5", number, ""), "ended": ("token", "True", ended, ""), "spaced": ("token", "\n True ", ended, ""), "bytes": ("token", "é", cut, "")}
        for name, (readout, content, tokens, fault) in cases.items():
            with self.subTest(name):
                def script(asked, _):
                    reply = success(asked, text="x", logprobs=tokens, usage={**usage_of(asked.user, "x"), "output": 8, "reasoning": 0})
                    reply.body = reply.body.replace(b'"content": "x"', b'"content": ' + json.dumps(content).encode())
                    return reply
                server = self.serve(script, fresh=True)
                done = self.ask(server, "--readout", readout, *(("--samples", 2) if readout == "frequency" else ()), "--json", model=MODEL, plan={"K": 3})
                if not fault:
                    self.assertEqual(done.returncode, 0, done.stderr)
                    continue
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stderr.count(" is refused: "), 1, done.stderr)
                self.assertIn(f"a reply of {MODEL} is refused: ", done.stderr)
                self.assertIn(fault, done.stderr)
                self.assertIn("llama-server --reasoning off", done.stderr)
                kept = [json.loads(row["raw_text"]) for row in self.rows("SELECT raw_text FROM heretix_answers WHERE response_id LIKE 'read-%'")]
                self.assertTrue(kept and all(fault in k["readout"]["fault"] for k in kept), kept)
                self.assertEqual(self.rows("SELECT count(*) FROM samples WHERE json_valid = 1")[0][0], 0)

    def test_a_frequency_counts_and_more_samples_ask_only_the_rest(self):
        server = self.serve(word_reply)
        record = self.asked(server, "--readout", "frequency", "--samples", 8, "--concurrency", 1, model=MODEL, plan={"K": 4})
        self.assertEqual(len(server.ledger), 32)
        self.assertAlmostEqual(record["templates"][0]["prob_true"][0], 6.5 / 9, 8)
        self.asked(server, "--readout", "frequency", "--samples", 12, model=MODEL, plan={"K": 4})
        self.assertEqual(len(server.ledger), 48)

    def test_a_plan_counts_what_would_be_sent(self):
        server = self.serve(word_reply)
        command = ("describe", CLAIM, "--model", MODEL, "--readout", "frequency", "--samples", "6", "-K", "4", "--prices", "prices.json")
        self.assertIn("0 of 24; 24 would be asked", self.ok(*command, **self.environment(server.url)))
        self.asked(server, "--readout", "frequency", "--samples", "6", model=MODEL, plan={"K": 4})
        self.assertIn("24 of 24; 0 would be asked", self.ok(*command, **self.environment(server.url)))

    def test_a_model_that_answers_otherwise_is_not_guessed(self):
        server = self.serve(lambda asked, _: success(asked, text="The claim is plausible"))
        done = self.ask(server, "--readout", "frequency", "--samples", 3, model=MODEL, plan={"K": 4})
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("usable", done.stderr)

    def test_side_by_side_with_its_disagreement(self):
        server = self.serve(lambda asked, n: number_reply(asked, n) or word_reply(asked, n) or success(asked, text=json.dumps(
            {"belief": {"prob_true": 0.3 + asked.number % 5 / 100}})))
        self.refused(2, "readouts", CLAIM, "--mock", "--samples", "1", says="from 2 to 1000")
        command = ("readouts", CLAIM, "--model", MODEL, "--prices", "prices.json", "--samples", "4", "-q")
        found = self.json(*command, **self.environment(server.url))
        self.assertEqual([r["readout"] for r in found["readouts"]], ["verbalized", "expected", "token", "frequency"])
        self.assertTrue(found["differs"])
        by_pair = {(d["a"], d["b"]): d for d in found["differences"]}
        self.assertEqual(len(by_pair), 6)
        self.assertEqual(by_pair["verbalized", "expected"]["finding"], "lower")
        self.assertAlmostEqual(found["disagreement"], max(abs(d["probability_90"]["centre"]) for d in found["differences"]))
        self.assertAlmostEqual(by_pair["expected", "token"]["probability_90"]["centre"], EXPECTED - 0.75, 6)
        asked = len(server.ledger)
        self.assertEqual(self.heretix(*command, "--strict", "-o", "r.html", **self.environment(server.url)).returncode, 1)
        self.assertEqual(len(server.ledger), asked, "all of it was stored")
        self.assertIn("Disagreement", (self.folder / "r.html").read_text())

    def test_what_cannot_be_read_says_why(self):
        def refused(*arguments, says, model=MODEL):
            self.refused(2, "run", CLAIM, "--model", model, *arguments, says=says, **self.environment("http://127.0.0.1:1"))
        refused("--readout", "expected", model="openai/gpt-5", says="--api chat")
        refused("--readout", "expected", "--api", "chat", model="openai/gpt-5", says="cannot continue an answer")
        refused("--readout", "token", model="anthropic/claude-m", says="cannot be read by token")
        refused("--readout", "token", "--temperature", "0.5", says="leave --temperature out")
        refused("--readout", "token", "-R", "3", says="leave -R out")
        refused("--readout", "token", "--samples", "3", says="--readout frequency")
        refused("--readout", "frequency", "--samples", "1", says="from 2 to 1000")
        refused("--readout", "mood", says="verbalized, token, frequency, expected or decision")
        self.refused(2, "run", CLAIM, "--mock", "--readout", "token", says="no token probabilities")
        self.assertFalse((self.folder / "runs").exists(), "nothing was asked")
