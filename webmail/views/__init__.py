"""Requests -> answers: a view parses, calls one or two functions, renders."""
