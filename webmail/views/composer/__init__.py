"""The composer: how a message is begun, and its drafts, files and documents."""
