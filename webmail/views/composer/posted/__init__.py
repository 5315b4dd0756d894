"""The posted form of the composer: how it is kept and sent, and how it is shown again."""
