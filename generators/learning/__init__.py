"""This package is what all learned engines share: sets of crystals, training, checkpoints, steering."""
