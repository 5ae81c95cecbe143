"""WHAT IT ADDS UP TO: folds, one per question. Pure; `projections.store` runs them into tables.

Trust: A cache
"""
