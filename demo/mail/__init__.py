"""The demo academy's mail: its people, and the messages in demo/data."""
