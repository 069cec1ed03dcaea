"""A protocol layer under 150 lines: pairing a device."""
