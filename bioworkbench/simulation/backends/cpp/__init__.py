"""The backend "cpp": programs compiled once, kept, and run again with other values."""
