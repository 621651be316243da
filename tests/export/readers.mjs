// What readers.py does, by hyparquet: the newest generation of a dataset, counted, summed or row by row, as JSON.
//
// usage: node readers.mjs NODE_MODULES LAKE [summary|rows TABLE|types]
import fs from 'node:fs'
import { createRequire } from 'node:module'

const [modules, lake, what = 'summary', only] = process.argv.slice(2)
const load = name => import(createRequire(`${modules}/`).resolve(name))
const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await load('hyparquet')
const { compressors } = await load('hyparquet-compressors')

const SUMS = { checks: ['K', 'prob_true_rpl', 'pqs', 'bootstrap_seed'], samples: ['tokens_out', 'prob_true'],
  executions: ['attempts', 'billed_micro_usd'], usage: ['checks_used'] }

const json = path => JSON.parse(fs.readFileSync(`${lake}/${path}`))
const manifest = json(json('current.json').manifest)

// Times come as microseconds: a Date has milliseconds only.
const parsers = { timestampFromMicroseconds: micros => micros }

async function rowsOf(file) {
  const opened = await asyncBufferFromFile(`${lake}/${file.path}`)
  const rows = await parquetReadObjects({ file: opened, compressors, parsers })
  return rows.map(row => ({ ...row, env: file.env, month: file.month }))
}

async function rows(table) {
  const all = []
  for (const file of manifest.tables[table].files) all.push(...await rowsOf(file))
  return all
}

async function summary(table) {
  const told = { count: {} }
  const all = await rows(table)
  for (const row of all) told.count[`${row.env}/${row.month}`] = (told.count[`${row.env}/${row.month}`] ?? 0) + 1
  for (const column of SUMS[table]) {
    const values = all.map(row => row[column]).filter(value => value != null)
    told[column] = Number(values.some(value => typeof value === 'bigint') ? values.reduce((a, b) => a + b, 0n) : values.reduce((a, b) => a + b, 0))
  }
  return told
}

// A cell as text that says every bit of it, as readers.py writes it; the 64 bits of a double.
function plain(value) {
  if (typeof value === 'bigint') return { integer: value.toString() }
  if (value instanceof Date) return value.toISOString().slice(0, 10)
  if (typeof value !== 'number') return value ?? null
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  return { bits: bits.getBigUint64(0).toString() }
}

async function types(table) {
  const told = {}
  for (const file of manifest.tables[table].files) {
    const { schema } = await parquetMetadataAsync(await asyncBufferFromFile(`${lake}/${file.path}`))
    for (const column of schema.slice(1)) told[column.name] = `${column.type} ${column.converted_type ?? ''}`.trim()
  }
  return { ...told, env: 'string', month: 'string' }
}

const told = {}
if (what === 'rows') {
  const all = (await rows(only)).map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])))
  console.log(JSON.stringify(all))
} else {
  for (const table of Object.keys(manifest.tables)) told[table] = what === 'types' ? await types(table) : await summary(table)
  console.log(JSON.stringify(told))
}
