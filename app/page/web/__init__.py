"""What stands between the web and the page: who asks, what may be asked, how much of it, and what every answer says."""
