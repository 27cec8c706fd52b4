"""Who may do what through the HTTP door: keys, the one table of rights, how far a key reaches, and the record of it."""
