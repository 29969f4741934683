"""This package is several optimizers that share each batch."""
