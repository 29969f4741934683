"""This package is crystals as generators make them, and what every generator of crystals does."""
