"""The people who may enter, and the doors to the mail servers."""
