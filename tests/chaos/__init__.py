"""Processes die, race and pile up; nothing is lost and nothing happens twice."""
