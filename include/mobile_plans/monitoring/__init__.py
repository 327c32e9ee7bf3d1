"""Portal monitoring: the probe engine, slots, outages, and what is kept of them (M1, M2)."""
