"""A FastAPI application with a flow of its own."""
