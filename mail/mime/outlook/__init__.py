"""The formats of Outlook: a message (MSG), a container (TNEF), their text and their properties."""
