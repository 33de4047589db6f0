"""What a document cannot say to schemathesis, which loads this by SCHEMATHESIS_HOOKS: what there is in the
shop that is attacked. Without it nearly every request would be refused at its first argument, and what
lies behind were never reached.

STOFLOW_KNOWN is JSON: `seed`, `parameters` (of names of parameters and members, what there is by them),
`products` (wholes ones, of which one member is then replaced by what was made up), and `component` (the
file of a plugin).
"""

import json
import os
import random
import re
import uuid

import schemathesis

KNOWN = json.loads(os.environ["STOFLOW_KNOWN"])
RANDOM = random.Random(KNOWN["seed"])
# How often what is there takes the place of what was made up.
OFTEN = 0.7


def with_known(values):
    """Puts what there is in its place, here and in what lies within."""
    if isinstance(values, list):
        for value in values:
            with_known(value)
    if not isinstance(values, dict):
        return
    for name, value in values.items():
        known = KNOWN["parameters"].get(name)
        if known and RANDOM.random() < OFTEN:
            values[name] = RANDOM.choice(known)
        elif name == "product" and RANDOM.random() < OFTEN:
            values[name] = product(value)
        else:
            with_known(value)


def product(made_up):
    """A whole product; one member of it is as it was made up, now and then."""
    whole = json.loads(json.dumps(RANDOM.choice(KNOWN["products"])))
    if isinstance(made_up, dict) and made_up and RANDOM.random() < OFTEN:
        name = RANDOM.choice(sorted(made_up, key=str))
        whole[name] = made_up[name]
    return whole


def header(case, name):
    return next((it for it in case.headers or {} if it.lower() == name), None)


@schemathesis.hook
def before_call(_context, case, _kwargs):
    for values in (case.path_parameters, case.query, case.body):
        with_known(values)
    # The same few keys come again and again, and each would be refused as that of another request.
    name = header(case, "idempotency-key")
    if name and re.fullmatch("[!-~]{1,255}", str(case.headers[name])) and RANDOM.random() < 0.95:
        case.headers[name] = str(uuid.UUID(int=RANDOM.getrandbits(128)))


@schemathesis.serializer("application/wasm")
def component(_context, value):
    """A plugin, or anything at all, half of that behind the first bytes of a component."""
    if RANDOM.random() < 0.2:
        with open(KNOWN["component"], "rb") as file:
            return file.read()
    body = value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")
    # Magic and version (WebAssembly component model, Binary.md).
    return b"\0asm\x0d\0\x01\0" + body if RANDOM.random() < 0.5 else body
