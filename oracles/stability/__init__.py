"""This package is convex hulls in composition and stability in water."""
