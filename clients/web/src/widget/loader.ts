// The script that a shop puts into its own site.

export {}
