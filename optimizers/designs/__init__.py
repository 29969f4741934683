"""This package is points before anything is learned."""
