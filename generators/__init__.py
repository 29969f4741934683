"""This package is the generators: coordinates -> candidates; a generator defines the space it makes candidates from."""

BUILTIN = {
    "composition": "generators.alloy:Composition",
    "parameters": "generators.parameters:Parameters",
    "pool": "generators.pool:Pool",
}
