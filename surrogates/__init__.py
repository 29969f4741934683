"""This package is the surrogates: arrays -> posterior, no chemistry."""

BUILTIN = {
    "auto": "eutectic.surrogates.composite.auto:Auto",
    "cnn": "eutectic.surrogates.neural.cnn:CNN",
    "forest": "eutectic.surrogates.trees.forest:Forest",
    "gp": "eutectic.surrogates.gp.recipe:GaussianProcess",
    "polynomial": "eutectic.surrogates.polynomial.recipe:Polynomial",
    "sisso": "eutectic.surrogates.sisso.recipe:SISSO",
    "stacked": "eutectic.surrogates.composite.stacked:Stacked",
}
