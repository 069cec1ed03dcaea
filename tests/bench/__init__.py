"""Tests of the benchmark, and of the promises about database work that it prints."""
