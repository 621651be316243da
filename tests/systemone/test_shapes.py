"""The same questions in the forms of OpenAI's and Google's decisions, asked by the official clients."""
import openai
from google import genai

from systemone_cases import CHOICE, NOUL, SCORE, TICKET, SystemOneTest

OPENAI_QUESTIONS = [{"type": "predicate", "name": "refund", "instructions": NOUL["instructions"]},
                    {"type": "choice", "instructions": CHOICE["instructions"], "choices": [{"value": k, **({"description": v} if v else {})} for k, v in CHOICE["criteria"].items()]},
                    {"type": "score", "instructions": SCORE["instructions"], "levels": [{"label": level} for level in SCORE["criteria"]]}]
GOOGLE_QUESTIONS = {"refund": NOUL, "team": {**CHOICE, "criteria": {k: v or "" for k, v in CHOICE["criteria"].items()}}, "anger": SCORE}


class Shapes(SystemOneTest):
    def test_openais_client_reads_the_same_numbers(self):
        self.serve(self.script())
        ours = self.ask_until({"n": NOUL, "c": CHOICE, "s": SCORE})
        client = openai.OpenAI(api_key="none", base_url=self.url + "/v1", max_retries=0)
        said = client.decisions.create(model="jev-latest", input=TICKET, questions=OPENAI_QUESTIONS)
        predicate, choice, score = said.answers
        self.assertEqual((predicate.type, predicate.name, predicate.probability), ("predicate", "refund", ours["n"]["noul"]))
        self.assertEqual((choice.choice, choice.confidence, choice.name), (ours["c"]["choice"], ours["c"]["confidence"], None))
        self.assertEqual({p.value: p.probability for p in choice.probabilities}, ours["c"]["probabilities"])
        self.assertEqual((score.score, [p.label for p in score.probabilities]), (ours["s"]["score"], SCORE["criteria"]))
        self.assertEqual({str(p.value): p.probability for p in score.probabilities}, ours["s"]["probabilities"])
        self.assertEqual(predicate.model_extra["x_record"], ours["n"]["x_record"])
        self.assertEqual(said.usage.total_tokens, said.usage.input_tokens + said.usage.output_tokens)

    def test_a_boolean_value_comes_back_as_one(self):
        self.serve(self.script())
        client = openai.OpenAI(api_key="none", base_url=self.url + "/v1", max_retries=0)
        question = {"type": "choice", "instructions": "Is it late?", "choices": [{"value": True}, {"value": False}]}
        messages = [{"role": "user", "content": [{"type": "input_text", "text": "It is late."}]}]
        said = client.decisions.create(model="jev-latest", input=messages, questions=[question])
        self.assertIsInstance(said.answers[0].choice, bool)
        self.assertEqual({p.value for p in said.answers[0].probabilities}, {True, False})

    def test_googles_client_reads_the_same_numbers(self):
        self.serve(self.script())
        ours = self.ask_until({"n": NOUL, "s": SCORE})
        client = genai.Client(api_key="none", http_options={"base_url": self.url, "api_version": "v1beta"})
        said = client.decisions.create(model="models/jev-latest", input=TICKET, questions=GOOGLE_QUESTIONS)
        refund, team, anger = (said.answers[name] for name in GOOGLE_QUESTIONS)
        self.assertEqual((refund.noul, refund.confidence), (ours["n"]["noul"], max(ours["n"]["noul"], 1 - ours["n"]["noul"])))
        self.assertEqual(set(team.probabilities), set(CHOICE["criteria"]))
        self.assertEqual(team.confidence, team.probabilities[team.choice])
        self.assertEqual((anger.score, anger.legend), (ours["s"]["score"], {"0": "calm", "1": "annoyed", "2": "furious"}))

    def test_errors_have_the_form_of_each_service(self):
        self.serve(self.script())
        status, said, _ = self.send({"model": "jev-latest", "input": "", "questions": [{"type": "box"}]}, "/v1/decisions")
        self.assertEqual((status, said["error"]["type"], said["error"]["param"]), (400, "invalid_request_error", "questions.0.type"))
        image = [{"role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}]
        self.assertEqual(self.send({"model": "jev-latest", "input": image, "questions": OPENAI_QUESTIONS}, "/v1/decisions")[0], 400)
        self.assertEqual(self.send({"model": "gpt-9", "input": "", "questions": OPENAI_QUESTIONS}, "/v1/decisions")[0], 404)
        for body in (b"{", b"[]", b'{"a":' * 5000, {"model": "jev-latest", "questions": {"q": NOUL}}, {"model": "jev-latest", "input": "", "questions": {"q": 3}}):
            status, said, _ = self.send(body, "/v1beta/decisions")
            self.assertEqual((status, said["error"]["status"]), (400, "INVALID_ARGUMENT"), body)
            self.assertEqual(self.send(body, "/v1/decisions")[0], 400, body)
