"""What the pages of the composer do with a form that was posted, and how they show it again."""
