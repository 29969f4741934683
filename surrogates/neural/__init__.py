"""This package is convolutional networks."""
