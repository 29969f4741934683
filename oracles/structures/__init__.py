"""This package is crystal structures: files read with care, when two are the same, partial occupancies ordered."""
