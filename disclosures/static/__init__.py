"""Files that every bundle carries byte for byte: how to verify, and a verifier in one file. No room imports them."""
