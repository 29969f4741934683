"""This package is where the acquisition is largest, and a batch of such points."""
