"""This package is the campaign: names, loop, record; everything meets here."""
