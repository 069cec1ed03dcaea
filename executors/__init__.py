"""The executors that Lockhouse ships: one module, one executor; none knows another, and none knows a protocol."""
