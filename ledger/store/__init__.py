"""THE DESK: the only room that writes evidence (PostgreSQL).

Trust: it is trusted for availability, and for order until the anchor and a witness hold it; holding the log's key it can
fork, which they expose; it can't forge a submitter.
"""
