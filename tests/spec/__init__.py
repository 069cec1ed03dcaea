"""One test for each requirement of the specifications, by number, with a change of our code that must break it."""
