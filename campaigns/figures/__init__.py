"""This package is charts and pictures of what analysis says."""
