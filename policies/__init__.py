"""WHAT WAS PROMISED: framework packs as data, and their evaluation. Pure.

Trust: whoever owns it can mislead, not silently: a changed pack has another digest than the one adopted, and the
auditor's copy answers otherwise.
"""
