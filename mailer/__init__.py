"""The outbox's worker: facts become text here, and text becomes mail, over Flask-Mail or into a folder.

`kinds` says what there is, `render` makes the text from `mail_templates/`, `message` makes it a mail, `deliver` claims,
sends and records, `smtp` and `folder` are the two ways out, `previews` has an example of each kind.
"""
