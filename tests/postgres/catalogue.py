"""The catalogue of a database in the form of tests/schema/9e15719c5c3c.json, read by SQL of its own; and older shapes."""
import json
import pathlib

SCHEMA = pathlib.Path(__file__).parent.parent / "schema"

COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
  row_number() OVER (ORDER BY a.attnum)
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
CONSTRAINTS = """
SELECT k.conname, k.contype, (SELECT array_agg(a.attname ORDER BY o) FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n),
  f.relname, (SELECT array_agg(a.attname ORDER BY o) FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n), k.confdeltype, k.confupdtype
FROM pg_constraint k LEFT JOIN pg_class f ON f.oid = k.confrelid WHERE k.conrelid = %s::regclass AND k.contype IN ('p', 'u', 'f', 'c')"""
INDEXES = """
SELECT c.relname, i.indisunique, (SELECT array_agg(a.attname ORDER BY o) FROM unnest(i.indkey) WITH ORDINALITY u(n, o)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.n), m.amname,
  EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam WHERE i.indrelid = %s::regclass"""
KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "f": "FOREIGN KEY", "c": "CHECK"}
ACTIONS = {"a": "NO ACTION", "c": "CASCADE", "n": "SET NULL", "r": "RESTRICT", "d": "SET DEFAULT"}


def table(connection, name):
    columns = [dict(zip(("name", "type", "nullable", "default", "position"), row, strict=True)) for row in connection.execute(COLUMNS, (name,))]
    constraints = []
    for conname, kind, keys, other, other_keys, ondelete, onupdate in connection.execute(CONSTRAINTS, (name,)):
        constraint = {"name": conname, "type": KINDS[kind], "columns": keys}
        if kind == "f":
            constraint |= {"references": {"table": other, "columns": other_keys}, "ondelete": ACTIONS[ondelete], "onupdate": ACTIONS[onupdate]}
        constraints.append(constraint)
    indexes = [dict(zip(("name", "unique", "columns", "method", "backs_constraint"), row, strict=True)) for row in connection.execute(INDEXES, (name,))]
    by_name = lambda found: sorted(found, key=lambda item: item["name"])  # noqa: E731
    return {"columns": columns, "constraints": by_name(constraints), "indexes": by_name(indexes)}


def catalogue(connection):
    names = [n for (n,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")]
    return {
        "alembic_version": [w for (w,) in connection.execute("SELECT version_num FROM alembic_version")] if "alembic_version" in names else [],
        "extensions": [e for (e,) in connection.execute("SELECT extname FROM pg_extension")],
        "sequences": [s for (s,) in connection.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")],
        "tables": {name: table(connection, name) for name in names},
    }


def contract():
    """The contract's catalogue, lists without an order of their own sorted by name."""
    told = json.loads((SCHEMA / "9e15719c5c3c.json").read_text())
    told.pop("server")
    for each in told["tables"].values():
        for part in ("constraints", "indexes"):
            each[part].sort(key=lambda item: item["name"])
        each["columns"].sort(key=lambda item: item["position"])
    return told


def quoted(name):
    return f'"{name}"'


def make_older(connection, number):
    """Turns a database at 9e15719c5c3c into one of the two older shapes, by the differences that the contract lists."""
    variants = json.loads((SCHEMA / "variants_of_9e15719c5c3c.json").read_text())["variants"]
    for step in variants[number]["difference_to_head_version_of_9e15719c5c3c"]:
        kind, what = next(iter(step.items()))
        if kind.endswith("column"):
            owner, column = what.split(".")
        if kind == "add_column":
            connection.execute(f"ALTER TABLE {owner} DROP COLUMN {quoted(column)}")
        elif kind == "drop_column":
            connection.execute(f"ALTER TABLE {owner} ADD COLUMN {quoted(column)} {step['type']}")
        elif kind == "alter_column":
            kind_of, nullable, default = step["from"]
            connection.execute(f"ALTER TABLE {owner} ALTER COLUMN {quoted(column)} DROP DEFAULT, ALTER COLUMN {quoted(column)} TYPE {kind_of}")
            connection.execute(f"ALTER TABLE {owner} ALTER COLUMN {quoted(column)} {'DROP' if nullable else 'SET'} NOT NULL")
            if default:
                connection.execute(f"ALTER TABLE {owner} ALTER COLUMN {quoted(column)} SET DEFAULT {default}")
        elif kind == "add_constraint":
            connection.execute(f"ALTER TABLE {step['on']} DROP CONSTRAINT {what}")
        elif kind == "drop_index":
            connection.execute(f"CREATE INDEX {what} ON {step['on']} (run_id)")
