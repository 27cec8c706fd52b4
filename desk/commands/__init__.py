"""The commands: each says what it takes and loads what carries it out only when it is called."""
