"""This package is the optimizers: history -> next batch, no chemistry."""

BUILTIN = {
    "sobol": "optimizers.sobol:Sobol",
    "bayesian": "optimizers.bayesian:Bayesian",
}
