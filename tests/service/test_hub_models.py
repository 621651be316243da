"""Models of a hub in the service: what its operator named is fetched when it starts, and a visitor cannot make it fetch anything."""
import pathlib
import shutil
import sys
import unittest

from cases import ServiceTest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "provider"))
from hub_server import HubServer, Repository

NAME = "hf:owner/SmolLM2-GGUF:Q4_1"


class HubModels(ServiceTest):
    serves = False

    def setUp(self):
        super().setUp()
        embedded = pathlib.Path(self.json("models")[0]["file"])
        files = {embedded.name: embedded.read_bytes()}
        self.hub = HubServer({"owner/SmolLM2-GGUF": Repository(files), "owner/other-GGUF": Repository(files)})
        self.addCleanup(self.hub.stop)
        self.cache = self.folder / "models"

    def environment(self, **more):
        return {**super().environment(**more), "HF_ENDPOINT": self.hub.url, "HF_TOKEN": "", "NO_PROXY": "127.0.0.1", "HERETIX_MODEL_CACHE": str(self.cache)}

    def test_the_operator_s_model_is_fetched_at_the_start_and_a_visitor_s_never(self):
        self.serve(HERETIX_MODELS=f"play={self.play},small={NAME}")
        self.assertIn(f"fetching {NAME}", self.log())
        self.assertEqual(len(self.hub.downloads()), 1)
        asked = len(self.hub.seen)

        client = self.signed_in(plan="pro")
        for model in ("hf:owner/other-GGUF", "hf:owner/SmolLM2-GGUF", NAME, f"llama:{self.cache}"):
            told = client.post("/api/checks", {"claim": "Ice is cold", "model": model})
            self.assertEqual(told.status, 422, told.body)
        done = self.finished(client, self.check(client, "Ice is cold", model="small", depth="custom", K=3, R=1, T=3)["id"])
        self.assertEqual(done["state"], "done", done)
        origin = done["record"]["execution"]["settings"]["model_origin"]
        self.assertEqual((origin["repository"], origin["hub"]), ("owner/SmolLM2-GGUF", self.hub.url))

        self.assertEqual(len(self.hub.seen), asked)

        # At another start it is here and not asked for again. If it is lost after that, a visitor does not bring it back.
        self.serve_anew(HERETIX_MODELS=f"small={NAME}")
        shutil.rmtree(self.cache)
        client = self.signed_in(plan="pro")
        failed = self.finished(client, self.check(client, "Snow is white", model="small", depth="quick")["id"])
        self.assertEqual((failed["state"], failed["error"]["kind"]), ("failed", "not_found"))
        self.assertEqual(len(self.hub.seen), asked)


if __name__ == "__main__":
    unittest.main()
