"""What a person does with mail: functions whose first argument is the open connection."""
