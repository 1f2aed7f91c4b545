"""The weekly review's arithmetic: weeks, figures, and what each metric means."""
