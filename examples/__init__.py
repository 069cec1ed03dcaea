"""Programs that use the engine from outside."""
