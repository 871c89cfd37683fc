"""The command line. `main` is the entry; verbs load what they need when they are called."""
