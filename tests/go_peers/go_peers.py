"""Programs in Go that tests talk to, where tools/setup.sh could build them."""
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "service"))


def program(name, place="go"):
    """The path of a program that tools/setup.sh built, in the place that `tools/setup.sh where` names so."""
    places = subprocess.run([os.environ["HERETIX_SOURCE"] + "/tools/setup.sh", "where"], capture_output=True, text=True, check=True).stdout.splitlines()
    return next(line.split(" ", 1)[1] for line in places if line.startswith(place + " ")) + f"/{name}"


def start(test, name, address, *arguments, place="go"):
    """The peer `name`, from now until the test's end; `address` answers HTTP once it runs."""
    running = subprocess.Popen([program(name, place), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    test.addCleanup(running.wait)
    test.addCleanup(running.terminate)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    test.fail(f"{name} does not start")
