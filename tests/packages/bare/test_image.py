"""The image, loaded and run by podman in a store of its own."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from roots import CLAIM, RootTest, Timed, package, told

# Where a machine has both kinds of control groups at once, crun runs nothing until the second kind is out of its sight.
IN_SIGHT = '[ ! -d /sys/fs/cgroup/unified ] || umount /sys/fs/cgroup/unified; exec podman "$@"'


class Image(RootTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="heretix-image-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        file = package("heretix-image-*.tar.gz")
        told(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
        with Timed() as whole:
            with Timed() as loading:
                with subprocess.Popen(["gzip", "-dc", file], stdout=subprocess.PIPE) as unpacking:  # Debian 12's podman reads only what is unpacked
                    cls.podman("load", stdin=unpacking.stdout)
            cls.name = cls.podman("images", "--format", "{{.Repository}}:{{.Tag}}").split()[0]
            cls.said = cls.run_image("run", CLAIM)
        told(f"loaded in {loading}, with the first result {whole}")

    @classmethod
    def podman(cls, *arguments, stdin=subprocess.DEVNULL):
        store = ["--root", cls.folder / "store", "--runroot", cls.folder / "run", "--storage-driver", "vfs", "--runtime", "crun"]
        done = subprocess.run(["unshare", "--mount", "sh", "-c", IN_SIGHT, "podman", *store, *map(str, arguments)], capture_output=True, text=True,
                              stdin=stdin, timeout=600)
        if done.returncode != 0:
            raise AssertionError(f"podman {arguments} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    @classmethod
    def run_image(cls, *arguments, program=()):
        return cls.podman("run", "--rm", "--network", "none", "--cgroups", "disabled", "--no-healthcheck", "--ulimit", "nofile=1024:1024", "--ulimit",
                          "nproc=1024:1024", "--volume", "heretix-data:/var/lib/heretix", *program, cls.name, *arguments)

    def configuration(self):
        return json.loads(self.podman("image", "inspect", self.name))[0]

    def test_1_the_main_job_is_done(self):
        self.assertMeasured(self.said)

    def test_2_the_program_in_it_computes_what_it_should(self):
        self.run_image("selftest")

    def test_2_it_runs_as_somebody_without_rights_and_is_asked_how_it_is(self):
        image = self.configuration()
        configured = image["Config"]
        self.assertEqual((configured["User"], configured["WorkingDir"], configured["Entrypoint"]), ("heretix", "/var/lib/heretix", ["heretix"]))
        self.assertEqual(image["Healthcheck"]["Test"], ["CMD", "heretix", "health"])
        self.assertIn("uid=", self.run_image(program=("--entrypoint", "id")))
        self.assertNotIn("uid=0", self.run_image(program=("--entrypoint", "id")))

    def test_2_it_can_draw_pictures_of_shared_results(self):
        self.assertIn("rsvg-convert", self.run_image("--version", program=("--entrypoint", "rsvg-convert")))

    def test_3_removing_the_image_leaves_the_volume_alone(self):
        [place] = self.podman("volume", "inspect", "heretix-data", "--format", "{{.Mountpoint}}").split()
        store = pathlib.Path(place) / "runs/heretix.sqlite"
        before = store.read_bytes()
        self.podman("rmi", "--all", "--force")
        self.assertEqual(self.podman("images", "--quiet"), "")
        self.assertEqual(store.read_bytes(), before)


if __name__ == "__main__":
    unittest.main()
