"""This package is the only state: an append-only journal, folded into a record, seen as a ledger and as a History."""
