"""WHAT WE HAND OVER: exports and their claims. Pure.

Trust: Whoever owns it can leak what it was given; it cannot make an export that verifies and lies.
"""
