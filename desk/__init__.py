"""The people: command line, HTTP API and web pages."""
