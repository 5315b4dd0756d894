"""The judgement of messages, and the reactions of users to it."""
