"""The Engine.IO transport under the gateway; it knows no chat."""
