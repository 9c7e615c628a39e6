"""What is done: verbs that authorise, decide, save and tell."""
