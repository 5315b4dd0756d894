"""The pages that change folders: names, sharing, space, tags."""
