#!/bin/sh
# mlcroissant 1.1.1 does not give a field's declared type to the reader of the file: pandas guesses first. Of texts in CSV, the id 007 becomes 7, the
# label 1e3 becomes 1000.0 and the claim NA is missing; in JSON Lines the string "007" becomes 7 too, and the number 0.7 becomes
# 0.7000000000000001. A text is returned as bytes.
. "$(dirname "$0")/prepare"
python_with mlcroissant==1.1.1 pandas==3.1.1
cd "$folder"
printf 'id,claim,label\n007,NA,1e3\n042,snow is white,12\n' > claims.csv
printf '%s\n' '{"id": "007", "claim": "NA", "p": 0.7}' '{"id": "042", "claim": "snow is white", "p": 0.25}' > claims.jsonl
"$python" - <<'PYTHON'
import datetime
import hashlib
import importlib.metadata
import json
import logging
import pathlib

import mlcroissant
from mlcroissant import DataType

logging.disable(logging.WARNING)  # of what a description may have beside


def read(name, kind, **columns):
    held = mlcroissant.FileObject(id=name, name=name, content_url=name, encoding_formats=[kind], sha256=hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest())
    fields = [mlcroissant.Field(id=f"claims/{column}", name=column, data_types=[type_],
                                source=mlcroissant.Source(file_object=name, extract=mlcroissant.Extract(column=column))) for column, type_ in columns.items()]
    described = mlcroissant.Metadata(name="claims", description="Claims", url="https://example.org", license="CC0-1.0", version="1.0.0",
                                     date_published=datetime.datetime(2026, 1, 1), distribution=[held],
                                     record_sets=[mlcroissant.RecordSet(id="claims", name="claims", fields=fields)])
    pathlib.Path("croissant.json").write_text(json.dumps(described.to_json(), default=str))
    first = next(iter(mlcroissant.Dataset(jsonld="croissant.json").records("claims")))
    return {column: first[f"claims/{column}"] for column in columns}


table = read("claims.csv", "text/csv", id=DataType.TEXT, claim=DataType.TEXT, label=DataType.TEXT)
lines = read("claims.jsonl", "application/jsonlines", id=DataType.TEXT, claim=DataType.TEXT, p=DataType.FLOAT)
print("mlcroissant", importlib.metadata.version("mlcroissant"), table, lines)
assert table == {"id": b"7", "claim": None, "label": b"1000.0"}, table
assert lines == {"id": b"7", "claim": b"NA", "p": 0.7000000000000001}, lines
PYTHON
