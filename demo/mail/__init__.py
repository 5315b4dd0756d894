"""The demo academy's mail, written by code: people, papers, pictures, and the letters."""
