"""The Shopify Admin API and nothing else: it knows no warehouse, no ledger and no command line."""
