"""Whole journeys: a real server, a real mail server, a public client library, a person who reads pages."""
