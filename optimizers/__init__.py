"""This package is the optimizers: history -> next batch, no chemistry."""

BUILTIN = {
    "sobol": "eutectic.optimizers.designs.sobol:Sobol",
    "bayesian": "eutectic.optimizers.bayesian.bayesian:Bayesian",
    "multifidelity": "eutectic.optimizers.bayesian.multifidelity:MultiFidelity",
    "nsga2": "eutectic.optimizers.evolutionary.nsga2:NSGA2",
    "nsga3": "eutectic.optimizers.evolutionary.nsga3:NSGA3",
    "pocea": "eutectic.optimizers.evolutionary.pocea:POCEA",
    "cmoqlmt": "eutectic.optimizers.evolutionary.cmoqlmt:CMOQLMT",
    "evolution": "eutectic.optimizers.evolutionary.evolution:Evolution",
    "hybrid": "eutectic.optimizers.bayesian.hybrid:Hybrid",
    "swarm": "eutectic.optimizers.swarms.swarm:Swarm",
    "policy": "eutectic.optimizers.policies.policy:Policy",
    "portfolio": "eutectic.optimizers.portfolio.portfolio:Portfolio",
    "exhaustive": "eutectic.optimizers.evolutionary.exhaustive:Exhaustive",
    "random": "eutectic.optimizers.designs.uniform:Uniform",
}
