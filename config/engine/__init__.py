"""The embedded engine: one command that runs every process of the product on one machine."""
