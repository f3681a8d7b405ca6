"""Store → warehouse: which window to read, how to extract it, how to land it, and what the cursor may move to."""
