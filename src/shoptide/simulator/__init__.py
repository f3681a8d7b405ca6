"""A Shopify store in a process: the Admin API's real schema over an in-memory store."""
