"""Bare Debian 12 roots below a folder of their own, and what `make packages` made. tools/packages_test.sh calls these tests; they are too heavy for `make test`."""
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
PACKAGES = SOURCE / "build/packages"
CLAIM = "Tariffs cause inflation"
USUAL = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}


def places():
    said = subprocess.run([SOURCE / "tools/setup.sh", "where"], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines())


def package(pattern):
    """The one package of that name."""
    found = sorted(PACKAGES.glob(pattern))
    if len(found) != 1:
        raise AssertionError(f"{len(found)} files {pattern} in {PACKAGES}: make packages")
    return found[0]


def processor_seconds():
    """Of all processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Timed:
    """Seconds by the clock and by the processor, of what runs within."""

    def __enter__(self):
        self.began, self.used = time.monotonic(), processor_seconds()
        return self

    def __exit__(self, *_):
        self.seconds, self.processor = time.monotonic() - self.began, processor_seconds() - self.used

    def __str__(self):
        return f"{self.seconds:.1f} s ({self.processor:.1f} s of processor time)"


def told(line):
    print(f"    {line}", flush=True)


class RootTest(unittest.TestCase):
    """A root for each class, with the packages of `needs` installed from Debian beforehand."""
    needs = ()

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            raise AssertionError("only root can enter the root of another system: sudo make packages-test")
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="heretix-root-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        subprocess.run(["tar", "-xpf", places()["bare-debian"], "-C", cls.root], check=True)
        shutil.copy("/etc/resolv.conf", cls.root / "etc/resolv.conf")
        cls.inside("apt-get", "update", "-qq", network=True)
        if cls.needs:
            cls.inside("apt-get", "install", "-y", "-qq", "--no-install-recommends", *cls.needs, network=True)

    @classmethod
    def call(cls, *command, user=None, folder="/", network=False, **environment):
        """Runs it in the root, with the network only where that is said."""
        entered = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={cls.root}/proc", *([] if network else ["--net"]), "chroot"]
        entered += [f"--userspec={user}"] if user else []
        variables = [f"{name}={value}" for name, value in {**USUAL, **environment}.items()]
        return subprocess.run([*entered, cls.root, "env", "-i", f"--chdir={folder}", *variables, *map(str, command)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=600)

    @classmethod
    def inside(cls, *command, **more):
        """What it prints; it must succeed."""
        done = cls.call(*command, **more)
        if done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def assertMeasured(self, said):
        """The README's main job: a probability with its interval, of eight answers or more."""
        self.assertIn(CLAIM, said)
        self.assertRegex(said, r"p = 0\.\d\d +95 % interval 0\.\d\d to 0\.\d\d")
        self.assertRegex(said, r"(\d+) of \1 answers usable")
        self.assertIn("right on", said, "the certificate of the embedded model is not there")

    def belief_in(self, said):
        return re.search(r"p = (0\.\d\d)", said)[1]

    def files(self):
        """Every file of the root that is not the system's own state, by path."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if not path.is_dir()}
