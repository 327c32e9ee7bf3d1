"""SLA reports: rollups, statements and charts (M3, M4)."""
