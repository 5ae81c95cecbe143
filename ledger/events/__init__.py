"""One file per noun; each class is one fact. The files do not know one another; `ledger.registry` lists them."""
