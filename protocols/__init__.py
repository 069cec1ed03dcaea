"""Protocol layers: they turn requests into flows and the ends of flows into answers."""
