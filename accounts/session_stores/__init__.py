"""Django's session stores, adapted to the clock of the database (`core.clock`) and to a
read-only database.

SESSION_ENGINE names one of the modules.
"""
