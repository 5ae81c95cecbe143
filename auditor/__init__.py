"""THE STRANGER'S SEAT: verify and explain, offline.

Trust: It trusts only the keys that the auditor brings; whoever owns that copy owns the conclusion.
"""
