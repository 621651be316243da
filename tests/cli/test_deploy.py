"""What tools/deploy and the build promise: a unit with ceilings and without rights, images by digest with a health check, binaries
that are hardened."""
import os
import re
import signal
import socket
import subprocess
import time
import unittest

from heretix import PROGRAM, SOURCE, ProgramTest

UNIT = SOURCE / "tools/deploy/heretix.service"
MOST_EXPOSED = 15  # tenths, of systemd-analyze security: 100 is a service without any restriction


class Unit(ProgramTest):
    def settings(self):
        """The last word of each directive, as systemd reads them."""
        found = {}
        for line in UNIT.read_text().splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                found[name] = value
        return found

    def with_our_program(self):
        """A copy that names a program which is there."""
        path = self.folder / "heretix.service"
        path.write_text(UNIT.read_text().replace("/usr/local/bin/heretix", PROGRAM))
        return path

    def test_systemd_finds_nothing_wrong_with_it(self):
        done = subprocess.run(["systemd-analyze", "verify", self.with_our_program()], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_systemd_counts_it_among_the_least_exposed(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", self.with_our_program()],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)

    def test_it_has_ceilings_and_no_rights(self):
        found = self.settings()
        self.assertEqual((found["CapabilityBoundingSet"], found["AmbientCapabilities"]), ("", ""))
        for name, value in {"NoNewPrivileges": "yes", "ProtectProc": "invisible", "UMask": "0077", "ProtectSystem": "strict", "DynamicUser": "yes"}.items():
            self.assertEqual(found[name], value, name)
        for ceiling in ("MemoryHigh", "MemoryMax", "TasksMax", "LimitNOFILE"):
            self.assertRegex(found[ceiling], r"^\d+[MG]?$", ceiling)
        as_bytes = {"M": 1 << 20, "G": 1 << 30}
        high, most = (int(found[name][:-1]) * as_bytes[found[name][-1]] for name in ("MemoryHigh", "MemoryMax"))
        self.assertLess(high, most)
        self.assertLessEqual(most, 4 << 30)


class Images(unittest.TestCase):
    def test_every_image_is_named_by_its_digest(self):
        found = re.findall(r"(?m)^FROM (\S+)", (SOURCE / "tools/deploy/Containerfile").read_text())
        found += re.findall(r"(?m)^ *image: (\S+)", (SOURCE / "tools/docker-compose.yml").read_text())
        self.assertEqual(len(found), 3)
        for image in found:
            self.assertRegex(image, r"^[a-z0-9./-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}$")

    def test_every_container_is_asked_how_it_is(self):
        containerfile = (SOURCE / "tools/deploy/Containerfile").read_text()
        self.assertRegex(containerfile, r'(?m)^HEALTHCHECK .*CMD \["heretix", "health"\]$')
        self.assertIn("healthcheck:", (SOURCE / "tools/docker-compose.yml").read_text())


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


class Health(ProgramTest):
    def start(self, *arguments, **environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HERETIX")}
        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.folder, env={**kept, "HERETIX_MOCK": "1", **environment}, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def until_healthy(self, *arguments, **environment):
        for _ in range(200):
            done = self.heretix("health", *arguments, **environment)
            if done.returncode == 0:
                return done
            time.sleep(0.1)
        self.fail(done.stderr)

    def test_a_service_that_answers_is_healthy_and_one_that_does_not_is_not(self):
        port = free_port()
        self.refused(5, "health", "--port", port, says=("does not answer", "heretix serve"))
        # A proxy of the environment has no part in it, and neither has the name by which browsers reach the service.
        away = {"http_proxy": "http://127.0.0.1:1", "HERETIX_ORIGIN": "https://heretix.example"}
        process = self.start("serve", "--port", port, "--metrics-port", "0", **away)
        self.assertEqual(self.until_healthy("--port", port, **away).stdout, "healthy\n")
        process.send_signal(signal.SIGSTOP)
        self.refused(5, "health", "--port", port, says="does not answer")

    def test_a_worker_is_asked_by_its_metrics(self):
        port = free_port()
        self.refused(5, "health", "--worker", "--metrics-port", port)
        self.start("worker", "--metrics-port", port)
        self.until_healthy("--worker", "--metrics-port", port)
        self.refused(2, "health", "--port", "0", says="from 1 to 65535")


if __name__ == "__main__":
    unittest.main()
