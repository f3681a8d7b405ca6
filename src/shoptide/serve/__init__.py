"""What stays up: webhook receiver, processors of what it took, schedules, workers, and the side to look after them."""
