"""This package is what follows from a record, as data: no HTML, no printing."""
