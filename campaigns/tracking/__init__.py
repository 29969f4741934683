"""This package is the record as MLflow sees it: a projection that may be thrown away."""
