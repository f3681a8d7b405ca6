"""Two-way sync between Shopify stores and warehouses: `pull` brings the store in, `push` sends rows back."""

__version__ = "0.1.0"
