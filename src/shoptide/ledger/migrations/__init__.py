"""How each layout of the ledger came from the one before it. Revisions are numbered as layouts are."""
