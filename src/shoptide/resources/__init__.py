"""Shopify's objects as data: what a stream reads, what a push accepts. Pure functions; nothing here does I/O."""
