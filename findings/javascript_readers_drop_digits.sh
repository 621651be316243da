#!/bin/sh
# Four readers for Node.js return fewer digits than are stored, by default. hyparquet 1.33.0, PGlite 0.5.14, pg 8.23.1 and postgres 3.4.9 cut
# microseconds to a Date, so two moments can look equal. hyparquet makes a number of a decimal, and the databases' readers of an integer
# in jsonb: a 64-bit seed changes. PGlite's int8 is a number or a BigInt by its *value*, so a sum fails once it is large; the other two
# give text. Set parsers for these types (hyparquet and PGlite take `parsers`), or select ::text.
. "$(dirname "$0")/prepare"
python_with pyarrow==26.0.1
node_with hyparquet@1.33.0 @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 pg@8.23.1 postgres@3.4.9 --legacy-peer-deps
cd "$folder"
"$python" - <<'PYTHON'
import decimal
import pyarrow
import pyarrow.parquet

moments = pyarrow.array([1767225600123456], pyarrow.timestamp("us", "UTC"))
price = pyarrow.array([decimal.Decimal("12345678901234567890.12")])
pyarrow.parquet.write_table(pyarrow.table({"moment": moments, "price": price}), "digits.parquet")
PYTHON
cat > digits.mjs <<'JAVASCRIPT'
import assert from 'node:assert/strict'
import { PGlite, types } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import pg from 'pg'
import postgres from 'postgres'

const cut = new Date('2026-01-01T00:00:00.123Z')

const file = await asyncBufferFromFile('digits.parquet')
const [plain] = await parquetReadObjects({ file })
const [whole] = await parquetReadObjects({ file, parsers: { timestampFromMicroseconds: count => count } })
console.log('hyparquet', plain, 'with a parser', whole.moment)
assert.deepEqual(plain, { moment: cut, price: 12345678901234567000 })
assert.equal(whole.moment, 1767225600123456n)

const query = `SELECT '2026-01-01 00:00:00.123456+00'::timestamptz AS moment, '{"seed": 9007199254740993}'::jsonb AS recipe,
  7::int8 AS small, 9007199254740993::int8 AS large`
const db = await PGlite.create()
const found = { pglite: (await db.query(query)).rows[0] }
const parsers = { [types.TIMESTAMPTZ]: text => text, [types.JSONB]: text => text, [types.INT8]: text => BigInt(text) }
const { rows: [kept] } = await db.query(query, [], { parsers })

// pg and postgres talk to the same PGlite over a socket.
const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1' })
await server.start()
const address = `postgres://postgres@${server.getServerConn()}/postgres`
const client = new pg.Client(address)
await client.connect()
found.pg = { ...(await client.query(query)).rows[0] }
await client.end()
const sql = postgres(address, { max: 1 })
found.postgres = { ...(await sql.unsafe(query))[0] }
await sql.end()
await server.stop()
await db.close()

console.log(found, 'with parsers', kept)
const recipe = { seed: 9007199254740992 }
assert.deepEqual(found, {
  pglite: { moment: cut, recipe, small: 7, large: 9007199254740993n },
  pg: { moment: cut, recipe, small: '7', large: '9007199254740993' },
  postgres: { moment: cut, recipe, small: '7', large: '9007199254740993' },
})
assert.deepEqual(kept, {
  moment: '2026-01-01 00:00:00.123456+00', recipe: '{"seed": 9007199254740993}', small: 7n, large: 9007199254740993n,
})
JAVASCRIPT
node digits.mjs
