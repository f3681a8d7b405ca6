"""The command line: parse, call, render. What a command does is elsewhere."""
