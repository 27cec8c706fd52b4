"""What people see of notices: their words, the drill, and the links by which they are answered."""
