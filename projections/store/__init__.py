"""Runs the folds into tables: batched, resumable, exactly once.

Trust: a cache; whoever owns it can lie to a reader until someone folds again.
"""
