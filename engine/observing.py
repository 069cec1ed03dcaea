"""What watches the engine work: a door for metrics and traces, given to ``Engine(observer=…)``."""

from engine.runtime.observing import NoObserver, Observer, Part, PartFacts

__all__ = ["NoObserver", "Observer", "Part", "PartFacts"]
