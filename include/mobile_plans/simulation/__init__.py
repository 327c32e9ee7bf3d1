"""Time that can be replaced, and a small world to run the product against."""
