"""heretix verify FILE: an artifact is recomputed from what stands in it, without a store."""
import json
import shutil

from heretix import ProgramTest

CLAIM = "Snow is white"


class Artifact(ProgramTest):
    def artifact(self, *arguments):
        """Measures, and takes the artifact to a folder where nothing else is."""
        record = self.json("run", CLAIM, *([] if "--model" in arguments else ["--mock"]), "-q", *arguments)
        alone = self.folder / "alone"
        alone.mkdir(exist_ok=True)
        shutil.move(next((self.folder / "runs/artifacts").glob(f"{record['execution']['execution_id']}.json")), alone / "a.json")
        shutil.rmtree(self.folder / "runs")
        return alone / "a.json", record

    def changed(self, path, change):
        told = json.loads(path.read_text())
        change(told)
        other = path.with_name("changed.json")
        other.write_text(json.dumps(told))
        return other

    def test_every_way_of_measuring_is_recomputed(self):
        for arguments in (("-K", 8, "-R", 2), ("--until-width", "0.10"), ("--seed", 7, "-K", 4),
                          *(("--model", "local", "--readout", readout, "-K", 4) for readout in ("token", "frequency", "expected")),
                          ("--readout", "decision", "-K", 8, "-R", 1), ("--readout", "decision", "--no-negation", "-K", 4, "-R", 1)):
            with self.subTest(arguments):
                path, record = self.artifact(*arguments)
                told = self.ok("verify", path)
                self.assertIn("equal to what is stored", told)
                self.assertIn(f"belief p {record['belief_v2']['p']:.6f}", told)
                is_mock = "--model" not in arguments
                self.assertEqual("MOCK NUMBERS" in told, is_mock)
                self.assertFalse((self.folder / "runs").exists(), "no store was made")
                as_json = self.json("verify", path)
                self.assertEqual((as_json["passed"], as_json["execution_id"], as_json["mock"]), (True, record["execution"]["execution_id"], is_mock))

    def test_whatever_was_changed_is_named(self):
        path, _ = self.artifact("-K", 8, "-R", 1)

        def raise_belief(told):
            told["belief_v2"]["p"] = 0.99

        def rewrite_answer(told):
            told["answers"][3]["raw_text"] = told["answers"][3]["raw_text"].replace("0.", "0.9", 1)

        def rename_model(told):
            told["answers"][0]["provider_model_id"] = "another"

        def drop_gate(told):
            del told["gates"][0]

        for change, place in ((raise_belief, "/belief_v2/p"), (rewrite_answer, "/answers_sha256"), (rename_model, "/answers_sha256"), (drop_gate, "/gates")):
            done = self.heretix("verify", self.changed(path, change))
            self.assertEqual(done.returncode, 1, f"{change.__name__}: {done.stdout}{done.stderr}")
            self.assertIn("DIFFERENT", done.stdout)
            self.assertIn(place, done.stdout, change.__name__)

    def test_what_is_no_artifact(self):
        path, record = self.artifact("-K", 4, "-R", 1)
        (self.folder / "record.json").write_text(json.dumps(record))
        (self.folder / "text.json").write_text("no JSON")

        def reword(told):
            told["bank"]["paraphrases"][told["answers"][0]["paraphrase_idx"]] = "Another wording: <claim>{CLAIM}</claim>"

        def lose_answer(told):
            told["answers"].pop()

        def lose_field(told):
            del told["answers"][0]["latency_ms"]

        self.refused(2, "verify", "record.json", says="record.json is a record without its answers")
        self.refused(2, "verify", "text.json", says="text.json is no record of Heretix")
        self.refused(3, "verify", "absent.json", says="cannot read absent.json")
        for change in (reword, lose_answer, lose_field):
            self.refused(2, "verify", self.changed(path, change), says="is damaged")
