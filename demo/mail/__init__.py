"""The demo academy's mail: its people, and the messages that lie in demo/data."""
