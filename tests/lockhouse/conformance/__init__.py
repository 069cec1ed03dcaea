"""What is handed to the conformance suite: the files load, and this server accepts what is done with them."""
