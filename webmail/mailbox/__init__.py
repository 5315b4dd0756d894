"""The actions of a person on mail: functions whose first argument is the open connection."""
