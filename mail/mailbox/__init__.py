"""The user's actions on mail: functions whose first argument is the open connection."""
