#!/bin/sh
# A JSON Schema for a probability in hundredths, {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.01}, refuses
# ten of the 101 hundredths in the two validators that most programs use: jsonschema 4.26.0 for Python and ajv 8.20.0 for
# JavaScript say that 0.07, 0.14, 0.28, 0.29 and six others are no multiples of 0.01, because the quotient of the doubles is not
# whole. fastjsonschema 2.22.3, jsonschema-rs 0.61.2, pydantic 2.14.4, jsonschema 1.5.0 for JavaScript, @cfworker/json-schema 4.1.6
# and zod 4.6.7 take all 101. So an answer of 0.07 is valid for the SDK that sent the schema and malformed for the gateway
# behind it. Where a probability is to be coarse, say so in the question, and leave multipleOf out of the schema.
# shellcheck source=findings/prepare
. "$(dirname "$0")/prepare"
python_with jsonschema==4.26.0 fastjsonschema==2.22.3 jsonschema-rs==0.61.2 pydantic==2.14.4
node_with ajv@8.20.0 @cfworker/json-schema@4.1.6 jsonschema@1.5.0 zod@4.6.7

cat > "$folder/hundredths.py" <<'PYTHON'
import json
from typing import Annotated

import fastjsonschema
import jsonschema
import jsonschema_rs
import pydantic

SCHEMA = {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.01}
HUNDREDTHS = [json.loads(f"{i / 100:.2f}") for i in range(101)]


def raises(check, error):
    def passes(p):
        try:
            check(p)
        except error:
            return False
        return True
    return passes


validators = {
    "jsonschema": jsonschema.Draft202012Validator(SCHEMA).is_valid,
    "fastjsonschema": raises(fastjsonschema.compile(SCHEMA), fastjsonschema.JsonSchemaException),
    "jsonschema-rs": jsonschema_rs.validator_for(SCHEMA).is_valid,
    "pydantic": raises(pydantic.TypeAdapter(Annotated[float, pydantic.Field(ge=0, le=1, multiple_of=0.01)]).validate_python, pydantic.ValidationError),
}
for name, passes in validators.items():
    print(name, [p for p in HUNDREDTHS if not passes(p)])
PYTHON

cat > "$folder/hundredths.js" <<'JAVASCRIPT'
const schema = { type: "number", minimum: 0, maximum: 1, multipleOf: 0.01 };
const hundredths = [...Array(101).keys()].map((i) => JSON.parse((i / 100).toFixed(2)));
const Ajv = require("ajv/dist/2020");
const { Validator } = require("@cfworker/json-schema");
const { z } = require("zod");
const cfworker = new Validator(schema, "2020-12");
const validators = {
  ajv: new Ajv().compile(schema),
  cfworker: (p) => cfworker.validate(p).valid,
  "jsonschema.js": (p) => require("jsonschema").validate(p, schema).valid,
  zod: (p) => z.number().multipleOf(0.01).safeParse(p).success,
};
for (const [name, passes] of Object.entries(validators)) {
  const refused = hundredths.filter((p) => !passes(p));
  console.log(name, "[" + refused.join(", ") + "]");
}
JAVASCRIPT

refused="[0.07, 0.14, 0.28, 0.29, 0.47, 0.56, 0.57, 0.58, 0.59, 0.94]"
seen=$("$python" "$folder/hundredths.py" && cd "$folder" && node hundredths.js)
echo "$seen"
[ "$seen" = "jsonschema $refused
fastjsonschema []
jsonschema-rs []
pydantic []
ajv $refused
cfworker []
jsonschema.js []
zod []" ]
