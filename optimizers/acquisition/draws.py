"""This file is how many draws of the front an acquisition affords."""

MOST_DRAWS = (0, 128, 128, 32, 16)
"""Draws by number of objectives (the last for all above): fronts of more objectives cost more to cut up."""
