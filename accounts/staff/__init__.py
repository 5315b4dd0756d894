"""Files of staff: how they are read, their headings and mistakes."""
