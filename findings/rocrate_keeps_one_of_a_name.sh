#!/bin/sh
# rocrate 0.16.0: a file that is added to a crate goes by its own name, without its folder. Results of two models, a/results.json and b/results.json,
# become one entity, the crate has the second file alone, and nothing is said.
. "$(dirname "$0")/prepare"
python_with rocrate==0.16.0
cd "$folder"
mkdir a b
echo '{"model": "a"}' > a/results.json
echo '{"model": "b"}' > b/results.json
"$python" -W error - <<'PYTHON'
import importlib.metadata
import json
import pathlib

from rocrate.rocrate import ROCrate

crate = ROCrate()
ids = [crate.add_file(path).id for path in ("a/results.json", "b/results.json")]
crate.write("crate")
listed = [entity["@id"] for entity in json.loads(pathlib.Path("crate/ro-crate-metadata.json").read_text())["@graph"] if entity["@type"] == "File"]
files = {path.name: path.read_text() for path in pathlib.Path("crate").rglob("results.json")}
print("rocrate", importlib.metadata.version("rocrate"), ids, listed, files)
assert ids == ["results.json", "results.json"] and listed == ["results.json"], (ids, listed)
assert files == {"results.json": '{"model": "b"}\n'}, files
PYTHON
