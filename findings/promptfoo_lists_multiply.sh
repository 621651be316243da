#!/bin/sh
# promptfoo 0.121.20 (the newest for Node.js 20): a variable of a test that is a list is not one value. Each element makes a test of its own, and two
# lists make all combinations, so that a claim with two tags and three sources is asked six times, and counted six times.
. "$(dirname "$0")/prepare"
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --omit=optional promptfoo@0.121.20 @libsql/linux-x64-gnu@0.5.29 >/dev/null
cat > config.json <<'JSON'
{"prompts": ["How likely is {{claim}}?"], "providers": ["echo"],
 "tests": [{"vars": {"claim": "snow is white", "tags": ["nature", "colour"], "sources": ["a", "b", "c"]}}]}
JSON
PROMPTFOO_CONFIG_DIR=$folder/kept PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 \
  node node_modules/promptfoo/dist/src/entrypoint.js eval --config config.json --no-cache --no-table --no-progress-bar --no-share --output out.json >/dev/null 2>&1
node - <<'JAVASCRIPT'
const assert = require('node:assert');
const results = require('./out.json').results.results;
const found = {answers: results.length, prompts: [...new Set(results.map(r => r.prompt.raw))], first: results[0].vars};
console.log('promptfoo', require('./node_modules/promptfoo/package.json').version, JSON.stringify(found));
assert.deepStrictEqual(found, {answers: 6, prompts: ['How likely is snow is white?'], first: {claim: 'snow is white', tags: 'nature', sources: 'a'}});
JAVASCRIPT
