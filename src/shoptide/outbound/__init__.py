"""Warehouse → store: what the source says, what would have to change, what was sent, what became of it."""
