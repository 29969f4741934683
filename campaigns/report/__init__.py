"""This package is the report: sections of HTML from analysis and figures."""
