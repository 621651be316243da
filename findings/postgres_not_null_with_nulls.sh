#!/bin/sh
# PostgreSQL 18.6 (as PGlite 0.5.14): after ADD CONSTRAINT … NOT NULL … NOT VALID the catalogue says attnotnull and information_schema says
# is_nullable = NO, while the table still holds the nulls that were there before. Tools that read the schema promise values that are not there.
# Ask pg_constraint.convalidated (contype 'n'), or VALIDATE CONSTRAINT before one relies on it.
. "$(dirname "$0")/prepare"
node_with @electric-sql/pglite@0.5.14
cd "$folder"
cat > nulls.mjs <<'JAVASCRIPT'
import assert from 'node:assert/strict'
import { PGlite } from '@electric-sql/pglite'

const db = await PGlite.create()
await db.exec(`CREATE TABLE answer (p float8); INSERT INTO answer VALUES (NULL);
  ALTER TABLE answer ADD CONSTRAINT p_is_there NOT NULL p NOT VALID`)
const { rows: [found] } = await db.query(`SELECT
  (SELECT attnotnull FROM pg_attribute WHERE attrelid = 'answer'::regclass AND attname = 'p') AS attnotnull,
  (SELECT is_nullable FROM information_schema.columns WHERE table_name = 'answer') AS is_nullable,
  (SELECT convalidated FROM pg_constraint WHERE conrelid = 'answer'::regclass AND contype = 'n') AS convalidated,
  (SELECT count(*) FROM answer WHERE p IS NULL) AS nulls,
  current_setting('server_version') AS version`)
await db.close()
console.log(found)
assert.deepEqual(found, { attnotnull: true, is_nullable: 'NO', convalidated: false, nulls: 1, version: '18.6' })
JAVASCRIPT
node nulls.mjs
