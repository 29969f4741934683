"""This package is the optimizers: history -> next batch, no chemistry."""

BUILTIN = {
    "sobol": "optimizers.sobol:Sobol",
    "bayesian": "optimizers.bayesian:Bayesian",
    "multifidelity": "optimizers.multifidelity:MultiFidelity",
    "nsga2": "optimizers.nsga2:NSGA2",
    "nsga3": "optimizers.nsga3:NSGA3",
    "evolution": "optimizers.evolution:Evolution",
    "hybrid": "optimizers.hybrid:Hybrid",
    "swarm": "optimizers.swarm:Swarm",
    "policy": "optimizers.policy:Policy",
    "portfolio": "optimizers.portfolio:Portfolio",
    "random": "optimizers.uniform:Uniform",
}
