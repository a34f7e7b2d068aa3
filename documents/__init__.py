"""Files that people take away: calendars, and later PDFs. Written from plain values that `workflows` reads."""
