"""Folds of facts into tables, one file per family of events. The tables stand in `policies.facts`."""
