"""This package is the surrogates: arrays -> posterior, no chemistry."""

BUILTIN = {
    "gp": "surrogates.gp:GaussianProcess",
    "sisso": "surrogates.sisso:SISSO",
}
