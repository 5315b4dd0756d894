"""Requests to answers. A view parses its input, calls one or two functions of the floors below, and
renders."""
