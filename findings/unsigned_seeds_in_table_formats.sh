#!/bin/sh
# Neither Delta nor Iceberg has unsigned integers, and their Python packages take a column of uint64 all the same, as long as its values are small:
# the table's type is then a signed one, and the first seed above 2**63 is refused months later. deltalake 1.6.6 makes int8 of uint8,
# which fails from 128 on. pyiceberg 0.12.0 makes int of uint32 and fails with a bare struct.error that names no column.
# Cast uint8 to uint32 columns to int64, and 64-bit seeds to text or decimal(20, 0), before the first write.
. "$(dirname "$0")/prepare"
python_with deltalake==1.6.6 "pyiceberg[sql-sqlite]==0.12.0" pyarrow==26.0.1
cd "$folder"
"$python" - <<'PYTHON'
import os
import struct
import deltalake
import pyarrow
from pyiceberg.catalog import load_catalog

catalog = load_catalog("here", type="in-memory", warehouse="file://" + os.getcwd())
catalog.create_namespace("n")
for dtype, delta_type, iceberg_type, largest in (
    (pyarrow.uint8(), "byte", "int", 2**8 - 1),
    (pyarrow.uint32(), "integer", "int", 2**32 - 1),
    (pyarrow.uint64(), "long", "long", 2**64 - 1),
):
    small, large = (pyarrow.table({"seed": pyarrow.array([number], dtype)}) for number in (7, largest))

    deltalake.write_deltalake(f"delta_{dtype}", small)
    assert deltalake.DeltaTable(f"delta_{dtype}").schema().fields[0].type == deltalake.schema.PrimitiveType(delta_type)
    try:
        deltalake.write_deltalake(f"delta_{dtype}", large, mode="append")
        raise SystemExit(f"deltalake took the largest {dtype}")
    except deltalake.exceptions.DeltaError as error:
        print(f"deltalake: {dtype} became {delta_type}:", str(error)[-60:])

    table = catalog.create_table(f"n.{dtype}", schema=small.schema)
    table.append(small)
    assert str(table.schema().fields[0].field_type) == iceberg_type
    try:
        table.append(large)
        outcome = "took the largest"
    except struct.error as error:
        outcome = f"struct.error: {error}"
    print(f"pyiceberg: {dtype} became {iceberg_type}:", outcome)
    assert (outcome == "took the largest") == (dtype == pyarrow.uint8()), outcome
PYTHON
