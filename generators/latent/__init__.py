"""This package is a space of latent coordinates: materials as an autoencoder has learned to write them."""
