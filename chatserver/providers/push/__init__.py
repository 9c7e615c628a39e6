"""Those who carry notifications to devices: Google, Apple, browsers' makers, phones' makers, …"""
