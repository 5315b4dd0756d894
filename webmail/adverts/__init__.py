"""Adverts and junk: verdicts on new messages, lessons taught by users, mailing lists left, frauds
reported.

``classify`` judges by values alone; the modules beside it use users, mailboxes and networks.
"""
