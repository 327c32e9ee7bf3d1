"""The command line's groups, one module each; a group imports its room only when it runs."""
