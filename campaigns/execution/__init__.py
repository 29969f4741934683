"""This package is where evaluations run: jobs as JSON, the local executor with its limits, others behind it."""
