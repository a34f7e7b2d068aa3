"""Every table and every enum, one file for each part of the story. Import them from `models`, which offers all."""
