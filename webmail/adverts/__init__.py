"""Adverts and junk: judged when a message is first seen, taught by its reader, left by a list.

``classify`` judges by values alone; the modules beside it know people, mailboxes and networks.
"""
