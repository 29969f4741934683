"""This package is the surrogates: arrays -> posterior, no chemistry."""

BUILTIN = {
    "auto": "surrogates.auto:Auto",
    "cnn": "surrogates.cnn:CNN",
    "forest": "surrogates.forest:Forest",
    "gp": "surrogates.gp:GaussianProcess",
    "polynomial": "surrogates.polynomial:Polynomial",
    "sisso": "surrogates.sisso:SISSO",
    "stacked": "surrogates.stacked:Stacked",
}
