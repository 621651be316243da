"""heretix sign and heretix verify --key: others verify what we sign, we verify what others sign, and whatever was changed is found."""
import base64
import json
import os
import pathlib
import re
import shlex
import stat
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "cli"))
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from heretix import SOURCE, ProgramTest

CLAIM = "Snow is white"
TYPE = "application/vnd.heretix.artifact+json"


def pre_authentication_encoding(kind, payload):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


class Signing(ProgramTest):
    def setUp(self):
        super().setUp()
        self.public = self.ok("sign", "--new-key", "key.pem").strip()
        self.run_id = self.json("run", CLAIM, "--mock", "-q")["run_id"]

    def key_bytes(self):
        return base64.b64decode(self.public.removeprefix("ed25519:"), validate=True)

    def signed(self, *arguments):
        """The envelope of the run, as JSON."""
        return json.loads(self.ok("sign", self.run_id, "--key", "key.pem", *arguments))

    def written(self, envelope, name="signed.json"):
        (self.folder / name).write_text(json.dumps(envelope))
        return name

    def assert_refused(self, name, says, key=None, code=1):
        done = self.heretix("verify", name, "--key", key or self.public)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(says, done.stdout + done.stderr)
        self.assertNotIn("equal to what is stored", done.stdout)
        self.assertNotIn("signed by the key", done.stdout)

    def test_a_signed_run_is_verified_for_origin_and_arithmetic_without_a_store(self):
        envelope = self.signed()
        name = self.written(envelope)
        for path in (self.folder / "runs").rglob("*"):
            if path.is_file():
                path.unlink()
        told = self.ok("verify", name, "--key", self.public)
        [signature] = envelope["signatures"]
        self.assertIn(f"signed by the key {signature['keyid']}", told)
        self.assertIn("equal to what is stored", told)
        self.assertIn("MOCK NUMBERS", told)
        found = self.json("verify", name, "--key", self.public)
        self.assertEqual((found["passed"], found["signed_by"], found["run_id"]), (True, signature["keyid"], self.run_id))

    def test_what_is_signed_is_the_artifact_as_it_lies_beside_the_store(self):
        artifact = next((self.folder / "runs/artifacts").glob("*.json"))
        for signed in (self.signed(), json.loads(self.ok("sign", artifact, "--key", "key.pem"))):
            self.assertEqual(base64.b64decode(signed["payload"]), artifact.read_bytes())
            self.assertEqual(signed["payloadType"], TYPE)

    def test_others_verify_what_we_sign(self):
        envelope = self.signed()
        payload = base64.b64decode(envelope["payload"])
        signature = base64.b64decode(envelope["signatures"][0]["sig"])
        message = pre_authentication_encoding(envelope["payloadType"], payload)
        Ed25519PublicKey.from_public_bytes(self.key_bytes()).verify(signature, message)
        self.assertEqual(VerifyKey(self.key_bytes()).verify(message, signature), message)
        with self.assertRaises(BadSignatureError):
            VerifyKey(self.key_bytes()).verify(message.replace(b"Snow", b"Coal", 1), signature)

        keyid = envelope["signatures"][0]["keyid"]
        key = SSlibKey(keyid, "ed25519", "ed25519", {"public": self.key_bytes().hex()})
        self.assertEqual(list(Envelope.from_dict(envelope).verify([key], 1)), [keyid])

    def test_we_verify_what_others_sign(self):
        key = Ed25519PrivateKey.generate()
        public = key.public_key()
        (self.folder / "other.pub").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        payload = next((self.folder / "runs/artifacts").glob("*.json")).read_bytes()
        signature = key.sign(pre_authentication_encoding(TYPE, payload))
        name = self.written({"payloadType": TYPE, "payload": base64.urlsafe_b64encode(payload).decode(), "signatures": [
            {"sig": base64.urlsafe_b64encode(signature).decode()}]})  # DSSE allows this alphabet, and no keyid
        self.assertIn("equal to what is stored", self.ok("verify", name, "--key", "other.pub"))
        line = "ed25519:" + base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
        self.assertIn("equal to what is stored", self.ok("verify", name, "--key", line))

    def test_the_page_of_the_documentation_runs_as_it_stands(self):
        blocks = re.findall(r"^```(\w*)\n(.*?)^```$", (SOURCE / "docs/signing.md").read_text(), re.MULTILINE | re.DOTALL)
        (self.folder / "key.pem").unlink()
        for line in blocks[0][1].splitlines():
            words = ["last" if word == "RUN" else word for word in shlex.split(line, comments=True)]
            target = words[words.index(">") + 1] if ">" in words else None
            told = self.ok(*words[1:words.index(">") if target else None])
            if target:
                (self.folder / target).write_text(told)
        self.assertIn("equal to what is stored", told)
        code = next(text for kind, text in blocks if kind == "python")
        printed = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=self.folder, capture_output=True, text=True, env=os.environ)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertEqual(float(printed.stdout), self.json("show", "last")["belief_v2"]["p"])

    def test_keys_are_those_of_openssl(self):
        loaded = load_pem_private_key((self.folder / "key.pem").read_bytes(), None)
        self.assertEqual(loaded.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), self.key_bytes())
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "theirs.pem"], cwd=self.folder, check=True)
        subprocess.run(["openssl", "pkey", "-in", "theirs.pem", "-pubout", "-out", "theirs.pub"], cwd=self.folder, check=True)
        self.ok("sign", self.run_id, "--key", "theirs.pem", "-o", "signed.json")
        self.assertIn("equal to what is stored", self.ok("verify", "signed.json", "--key", "theirs.pub"))
        self.assertRegex(self.ok("sign", "--key", "theirs.pem"), r"^ed25519:[A-Za-z0-9+/]{43}=\n$")

    def test_the_private_key_is_private_and_never_printed_or_replaced(self):
        path = self.folder / "key.pem"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        secret = re.search(r"-----\n(.*)\n-----", path.read_text())[1]
        before = path.read_bytes()
        done = self.refused(5, "sign", "--new-key", "key.pem", says="already exists, and a key is never replaced")
        outputs = [done.stderr, self.public, self.ok("sign", self.run_id, "--key", "key.pem"), self.heretix("verify", "x.json", "--key", "key.pem").stderr]
        self.assertFalse([text for text in outputs if secret[20:40] in text])
        self.assertEqual(path.read_bytes(), before)
        path.chmod(0o644)
        self.refused(4, "sign", self.run_id, "--key", "key.pem", says=["may be read by others (mode 644)", "chmod 600 key.pem"])

    def test_one_changed_byte_anywhere_is_found(self):
        envelope = self.signed()
        payload = bytearray(base64.b64decode(envelope["payload"]))
        keyid = envelope["signatures"][0]["keyid"]
        for at in (10, len(payload) // 2, len(payload) - 1):
            payload[at] ^= 1
            self.assert_refused(self.written({**envelope, "payload": base64.b64encode(payload).decode()}),
                                f"its signature by the key {keyid} does not fit its content")
            payload[at] ^= 1
        signature = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
        signature[5] ^= 1
        self.assert_refused(self.written({**envelope, "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}]}), "does not fit its content")

    def test_another_key_no_signature_and_another_kind_each_say_what_is_wrong(self):
        envelope = self.signed()
        name = self.written(envelope)
        keyid = envelope["signatures"][0]["keyid"]
        other = self.ok("sign", "--new-key", "other.pem").strip()
        self.assert_refused(name, f"it was signed by {keyid}, and not by the key", other)
        self.assert_refused(self.written({**envelope, "signatures": []}, "bare.json"), "there is no signature in it")
        artifact = next((self.folder / "runs/artifacts").glob("*.json"))
        self.assert_refused(artifact, "it is not signed")

        for kind in (("rsa", "rsa_keygen_bits:2048"), ("x25519", None)):
            option = ["-pkeyopt", kind[1]] if kind[1] else []
            subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", kind[0], *option, "-out", "k.pem"], cwd=self.folder, check=True)
            subprocess.run(["openssl", "pkey", "-in", "k.pem", "-pubout", "-out", "k.pub"], cwd=self.folder, check=True)
            self.assert_refused(name, "is a public key of another kind; records are signed with Ed25519", "k.pub", 2)
            self.refused(2, "sign", self.run_id, "--key", "k.pem", says="is a private key of another kind; records are signed with Ed25519")
        self.assert_refused(name, "is a private key; its public key is needed", "key.pem", 2)
        self.assert_refused(name, "ed25519: is followed by 32 bytes in base64", "ed25519:AAAA", 2)
        self.assert_refused(name, "cannot read the public key nowhere.pub", "nowhere.pub", 3)
        (self.folder / "public.txt").write_text(self.public)
        (self.folder / "public.txt").chmod(0o600)
        self.refused(2, "sign", self.run_id, "--key", "public.txt", says="is a public key; signing needs the private one")

    def test_an_envelope_of_something_else_is_no_record(self):
        envelope = self.signed()
        self.assert_refused(self.written({**envelope, "payloadType": "application/vnd.in-toto+json"}), "the envelope holds", code=2)
        self.assert_refused(self.written({**envelope, "payload": "%%%"}), "payload of the envelope is not base64", code=2)
        self.assert_refused(self.written({k: v for k, v in envelope.items() if k != "signatures"}), "the envelope has no list of signatures", code=2)

    def test_the_arithmetic_is_checked_too_whoever_signed_it(self):
        key = load_pem_private_key((self.folder / "key.pem").read_bytes(), None)
        artifact = json.loads(base64.b64decode(self.signed()["payload"]))
        artifact["belief_v2"]["p"] = 0.99
        payload = json.dumps(artifact).encode()
        keyid = self.signed()["signatures"][0]["keyid"]
        signature = key.sign(pre_authentication_encoding(TYPE, payload))
        name = self.written({"payloadType": TYPE, "payload": base64.b64encode(payload).decode(), "signatures": [
            {"keyid": keyid, "sig": base64.b64encode(signature).decode()}]})
        done = self.heretix("verify", name, "--key", self.public)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(f"signed by the key {keyid}", done.stdout)
        self.assertIn("/belief_v2/p", done.stdout)

        (self.folder / "wrong.json").write_bytes(payload)
        self.refused(2, "sign", "wrong.json", "--key", "key.pem", says=["does not follow from its answers, so it was not signed", "/belief_v2/p"])

    def test_several_can_sign_one_record_and_each_is_verified(self):
        other = self.ok("sign", "--new-key", "other.pem").strip()
        self.written(self.signed(), "one.json")
        self.ok("sign", "one.json", "--key", "other.pem", "-o", "both.json")
        self.ok("sign", "both.json", "--key", "other.pem", "-o", "again.json")
        both = json.loads((self.folder / "both.json").read_text())
        self.assertEqual(len(both["signatures"]), 2)
        self.assertEqual(json.loads((self.folder / "again.json").read_text()), both)  # signing again changes nothing
        for key in (self.public, other):
            self.assertIn("equal to what is stored", self.ok("verify", "both.json", "--key", key))

    def test_without_a_key_the_arithmetic_alone_is_checked_and_that_is_said(self):
        envelope = self.signed()
        told = self.ok("verify", self.written(envelope))
        self.assertIn("equal to what is stored", told)
        self.assertIn(f"not checked: the signature by {envelope['signatures'][0]['keyid']}: give the public key with --key", told)

    def test_a_run_in_the_store_has_no_signature_and_signing_needs_a_key(self):
        self.refused(2, "verify", self.run_id, "--key", self.public, says=["--key checks a signed file", "heretix sign RUN --key FILE"])
        self.refused(2, "sign", self.run_id, says=["no key is given to sign with", "heretix sign --new-key FILE makes one"])
        self.refused(2, "sign", self.run_id, "--new-key", "x.pem", says="--new-key makes a key and signs nothing")
        self.refused(3, "sign", "heretix-rpl-0000", "--key", "key.pem", says="heretix-rpl-0000")
        self.refused(3, "sign", self.run_id, "--key", "nowhere.pem", says="cannot read the private key nowhere.pem")
