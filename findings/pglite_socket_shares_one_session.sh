#!/bin/sh
# pglite-socket 0.2.17 with PGlite 0.5.14: all clients share one session. A temporary table and SET search_path of one client are the other's as well,
# a prepared statement's name that both use is an error (42P05), both get the same exclusive advisory lock, and the user and database
# of the address are ignored. Tests that pass there prove nothing about isolation or locks: use PostgreSQL for those, or one PGlite per client.
. "$(dirname "$0")/prepare"
node_with @electric-sql/pglite@0.5.14 @electric-sql/pglite-socket@0.2.17 pg@8.23.1 --legacy-peer-deps
cd "$folder"
cat > two_clients.mjs <<'JAVASCRIPT'
import assert from 'node:assert/strict'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'

const db = await PGlite.create()
const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 2 })
await server.start()
const [ann, bob] = ['ann', 'bob'].map(name => new pg.Client(`postgres://${name}@${server.getServerConn()}/${name}s_database`))
await ann.connect()
await bob.connect()
const value = async (client, query) => Object.values((await client.query(query)).rows[0])[0]

const who = "SELECT current_user || '/' || current_database()"
const found = { who: [await value(ann, who), await value(bob, who)] }
await ann.query('CREATE TEMPORARY TABLE draft AS SELECT 5 AS a')
found['temporary table'] = await value(bob, 'SELECT a FROM draft')
await ann.query('SET search_path TO elsewhere')
found['search_path'] = await value(bob, 'SHOW search_path')
found['exclusive lock'] = [await value(ann, 'SELECT pg_try_advisory_lock(1)'), await value(bob, 'SELECT pg_try_advisory_lock(1)')]
await ann.query({ name: 'find', text: 'SELECT 1' })
found['prepared statement'] = await bob.query({ name: 'find', text: 'SELECT 2' }).catch(error => error.code)

await ann.end()
await bob.end()
await server.stop()
await db.close()
console.log(found)
assert.deepEqual(found, {
  who: ['postgres/postgres', 'postgres/postgres'],
  'temporary table': 5,
  search_path: 'elsewhere',
  'exclusive lock': [true, true],
  'prepared statement': '42P05',
})
JAVASCRIPT
node two_clients.mjs
