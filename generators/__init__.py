"""This package is the generators: coordinates -> candidates; a generator defines the space it makes candidates from."""

BUILTIN = {
    "composition": "eutectic.generators.composition:Composition",
    "crystal": "eutectic.generators.crystals.crystal:Crystal",
    "latent": "eutectic.generators.latent.latent:Latent",
    "parameters": "eutectic.generators.parameters:Parameters",
    "pool": "eutectic.generators.pool:Pool",
    "product": "eutectic.generators.product:Product",
    "sequence": "eutectic.generators.sequence:Sequence",
}

REPRESENTATIONS = {
    "columns": "eutectic.generators.representations.catalogue:Columns",
    "element_encoding": "eutectic.generators.representations.catalogue:ElementEncoding",
    "element_sequence": "eutectic.generators.representations.catalogue:ElementSequence",
    "element_statistics": "eutectic.generators.representations.catalogue:ElementStatistics",
    "fractions": "eutectic.generators.representations.catalogue:Fractions",
    "ion_encoding": "eutectic.generators.representations.catalogue:IonEncoding",
    "log_ratios": "eutectic.generators.representations.catalogue:LogRatios",
    "structure_descriptors": "eutectic.generators.representations.catalogue:StructureDescriptors",
}
"""What a surrogate may see instead of a space's own columns."""

ENGINES = {
    "alloy": "eutectic.generators.baselines.alloy:Alloy",
    "diffusion": "eutectic.generators.diffusion.engine:Diffusion",
    "mattergen": "eutectic.generators.programs.mattergen:MatterGen",
    "perturb": "eutectic.generators.baselines.perturb:Perturb",
    "prototypes": "eutectic.generators.baselines.prototypes:Prototypes",
    "program": "eutectic.generators.programs.program:Program",
    "random_crystal": "eutectic.generators.baselines.random_crystal:RandomCrystal",
    "substitution": "eutectic.generators.baselines.substitution:Substitution",
    "wyckoff": "eutectic.generators.wyckoff.engine:Wyckoff",
}
"""What makes the crystals of a crystal space."""
