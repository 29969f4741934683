"""This package is embedded-atom potentials: form, files, domain."""
