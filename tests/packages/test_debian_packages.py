"""The Debian packages as cpack made them below the build: what they hold and what they tell dpkg. tests/packages/bare installs them."""
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

BUILD, SOURCE = pathlib.Path(os.environ["HERETIX_BUILD"]), pathlib.Path(os.environ["HERETIX_SOURCE"])
PROGRAM = os.environ["HERETIX"]
MODEL = "heretix-model-smollm2-135m"


def told(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, check=True, **more).stdout.decode()


def package(name):
    [found] = (BUILD / "packages").glob(f"{name}_*.deb")
    return found


def fields(name):
    return dict(re.findall(r"(?m)^([A-Za-z-]+): (.*(?:\n .*)*)$", told("dpkg-deb", "--field", package(name))))


class Unpacked(unittest.TestCase):
    def unpacked(self, name):
        """The folder with its files, and with its control files in DEBIAN."""
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        subprocess.run(["dpkg-deb", "--raw-extract", package(name), holder.name], check=True)
        return pathlib.Path(holder.name)


class Control(Unpacked):
    def version(self):
        return re.search(r"project\(heretix VERSION (\S+)", (SOURCE / "CMakeLists.txt").read_text())[1]

    def test_it_says_what_the_packages_are(self):
        program, model = fields("heretix"), fields(MODEL)
        self.assertEqual((program["Package"], program["Version"], program["Architecture"]),
                         ("heretix", f"{self.version()}-1", told("dpkg", "--print-architecture").strip()))
        self.assertEqual((model["Package"], model["Version"], model["Architecture"]), (MODEL, f"{self.version()}-1", "all"))
        self.assertEqual((program["Recommends"], model["Enhances"]), (MODEL, "heretix"))
        for told_of in (program, model):
            self.assertRegex(told_of["Maintainer"], r"^.+ <\S+@\S+>$")
            summary, *lines = told_of["Description"].splitlines()
            self.assertLess(len(summary), 80)
            self.assertTrue(lines)
            self.assertTrue(all(re.match(r" (\.$|\S)", line) and len(line) <= 80 for line in lines), lines)

    def test_what_is_loaded_late_is_depended_on_like_what_is_linked(self):
        depended = {part.split()[0] for part in fields("heretix")["Depends"].split(", ")}
        self.assertLessEqual({"ca-certificates", "libcurl4", "libpq5", "libc6", "libssl3", "libsqlite3-0", "libstdc++6"}, depended)
        self.assertEqual([name for name in depended if name.endswith("-dev")], [])
        self.assertNotIn("Depends", fields(MODEL))


class Contents(Unpacked):
    def test_the_program_has_all_its_parts_and_the_model_is_by_itself(self):
        folder = self.unpacked("heretix")
        files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {f"DEBIAN/{name}" for name in ("control", "md5sums")}
        self.assertEqual({name for name in files if name.startswith("DEBIAN/")}, {"DEBIAN/postinst", "DEBIAN/prerm", "DEBIAN/postrm"})
        wanted = ["bin/heretix", "bin/heretix-export", "lib/heretix/duckdb", "lib/systemd/system/heretix.service", "share/man/man1/heretix.1.gz",
                  "share/man/man1/heretix-export.1.gz", "share/bash-completion/completions/heretix", "share/zsh/vendor-completions/_heretix",
                  "share/fish/vendor_completions.d/heretix.fish", "share/heretix/embedded_certificate.json", "share/heretix/labelled_claims.csv",
                  "share/heretix/sentinels.csv"]
        wanted += [f"share/heretix/prompts/{path.name}" for path in (SOURCE / "prompts").iterdir()]
        wanted += [f"share/heretix/golden/{path.name}" for path in (SOURCE / "tests/golden").iterdir()]
        wanted += [f"share/doc/heretix/{name}" for name in ("Arrow-NOTICE.txt", "Arrow.txt", "LICENSE", "changelog.Debian.gz", "changelog.gz", "copyright",
                                                             "llama.cpp.txt", "third_party_notices.md")]
        libraries = [f"usr/lib/heretix/{path.name}" for path in (folder / "usr/lib/heretix").glob("lib*.so.*")]
        self.assertEqual(sorted(re.sub(r".*/lib(\w+)\.so.*", r"\1", name) for name in libraries), ["arrow", "arrow_s3", "parquet"])
        self.assertEqual({name for name in files if name.startswith("usr/")}, {f"usr/{name}" for name in wanted} | set(libraries))

        model = self.unpacked(MODEL)
        files = {str(path.relative_to(model / "usr/share")) for path in (model / "usr").rglob("*") if path.is_file()}
        self.assertEqual({re.sub(r"[^/]+\.gguf", "*.gguf", name) for name in files},
                         {"heretix/models/*.gguf", *(f"doc/{MODEL}/{name}" for name in ("SmolLM2.txt", "changelog.Debian.gz", "copyright"))})

    def test_everything_belongs_to_root_and_only_programs_can_be_run(self):
        for name in ("heretix", MODEL):
            for line in told("dpkg-deb", "--contents", package(name)).splitlines():
                mode, owner, *_, path = line.split()
                self.assertEqual(owner, "root/root", path)
                runs = path.endswith("/") or re.fullmatch(r"\./usr/(bin/.*|lib/heretix/duckdb)", path)
                self.assertEqual(mode[1:], "rwxr-xr-x" if runs else "rw-r--r--", path)

    def test_no_binary_looks_for_libraries_on_the_machine_that_built_it(self):
        folder = self.unpacked("heretix")
        for name, expected in {"heretix": [], "heretix-export": ["$ORIGIN/../lib/heretix"]}.items():
            dynamic = told("readelf", "-d", folder / "usr/bin" / name)
            self.assertEqual(re.findall(r"(?:RPATH|RUNPATH).*\[(.*)\]", dynamic), expected)
            self.assertNotIn(".symtab", told("readelf", "-S", folder / "usr/bin" / name))

    def test_papers_are_the_programs_own_words(self):
        share = self.unpacked("heretix") / "usr/share"
        self.assertEqual(told("gzip", "-dc", share / "man/man1/heretix.1.gz"), told(PROGRAM, "man"))
        for shell, path in {"bash": "bash-completion/completions/heretix", "zsh": "zsh/vendor-completions/_heretix",
                            "fish": "fish/vendor_completions.d/heretix.fish"}.items():
            self.assertEqual((share / path).read_text(), told(PROGRAM, "completion", shell))

    def test_the_unit_starts_the_installed_program(self):
        unit = (self.unpacked("heretix") / "usr/lib/systemd/system/heretix.service").read_text()
        self.assertEqual(unit, (SOURCE / "tools/deploy/heretix.service").read_text().replace("/usr/local/bin/", "/usr/bin/"))
        self.assertIn("\nExecStart=/usr/bin/heretix serve", unit)

    def test_removing_and_purging_say_where_data_is(self):
        script = self.unpacked("heretix") / "DEBIAN/postrm"
        self.assertEqual(stat.S_IMODE(script.stat().st_mode), 0o755)
        for action in ("remove", "purge"):
            said = told("sh", script, action)
            for place in ("runs/heretix.sqlite", "HERETIX_DB", "~/.config/heretix", "~/.cache/heretix"):
                self.assertIn(place, said)
        self.assertEqual(told("sh", script, "upgrade", "0.2.0"), "")
        for program in ("rm", "rmdir", "userdel"):
            self.assertNotRegex(script.read_text(), rf"(?m)^\s*{program}\b")


if __name__ == "__main__":
    unittest.main()
