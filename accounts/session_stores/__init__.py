"""Django's stores of sessions, by the time of the database (`webmail.clock`), and for a database
that can be read and not written to.

SESSION_ENGINE names one of the modules.
"""
