"""THE DOOR: HTTP, pages, command line, settings; the only composition root.

Trust: whoever owns it can delay, refuse and read what passes; it can't sign as a person or a harness.
"""
