"""The verifier that is one file, by noun: `spec.verifier` joins these into `disclosures/static/verify.py`.

A second implementation: it imports `cryptography` and the standard library, and nothing else of ours.
"""
