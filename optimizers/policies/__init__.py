"""This package is reinforcement learning."""
