"""This package is what a campaign runs on: every part built and checked against the others."""
