"""Media over HTTP: uploads by tus, and reading by signed addresses."""
