"""This package is engines of other people: programs that write crystals to files, in environments of their own."""
