"""Other engines that run the same core: what they call, in their words."""
