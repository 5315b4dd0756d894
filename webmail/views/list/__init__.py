"""The list of a folder and of a search, and the actions on its rows."""
