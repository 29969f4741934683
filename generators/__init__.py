"""This package is the generators: coordinates -> candidates; a generator defines the space it makes candidates from."""

BUILTIN = {
    "composition": "generators.alloy:Composition",
    "parameters": "generators.parameters:Parameters",
    "pool": "generators.pool:Pool",
    "sequence": "generators.sequence:Sequence",
}

REPRESENTATIONS = {
    "element_encoding": "generators.representations:ElementEncoding",
    "element_sequence": "generators.representations:ElementSequence",
    "element_statistics": "generators.representations:ElementStatistics",
    "fractions": "generators.representations:Fractions",
    "log_ratios": "generators.representations:LogRatios",
    "structure_descriptors": "generators.representations:StructureDescriptors",
}
"""What a surrogate may see instead of a space's own columns."""
