"""The looks of a mail domain: themes, colours that can be read, logos."""
