"""This package is molecular statics and dynamics with LAMMPS."""
