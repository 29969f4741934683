"""This package is the optimizers that believe and choose: bayesian, hybrid, multifidelity, satisfy."""
