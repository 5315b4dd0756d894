"""Users, their sign-in, and the connections to mail servers that are opened for them."""
