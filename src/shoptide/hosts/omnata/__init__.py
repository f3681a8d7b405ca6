"""Shoptide as a plugin of Omnata, the sync engine that lives inside Snowflake as a native app.

`plugin` has the class that Omnata calls; it and the modules that speak to Omnata's runtime can be imported only where
that is. `packaging` writes the folder that Omnata's tool uploads and needs nothing of it.
"""
