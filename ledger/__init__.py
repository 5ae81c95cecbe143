"""THE BOOK: what was recorded, and why a stranger may believe it. Pure, except for `ledger.store`.

Trust: it believes no input; with its code altered, a forgery could pass: foreign vectors and a second verifier show that.
"""
