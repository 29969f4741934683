"""This package is the service: campaigns over HTTP for people, instruments and agents, led as in a terminal."""
