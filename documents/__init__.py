"""Files that people take away: calendars and PDFs. Written from plain values that `workflows` reads."""
