"""Two records of the same client, pet or practice become one.

`references` finds what names a record, `kinds` says what is compared, `merge` does it, `duplicates` finds candidates,
`distinct` keeps those that are none.
"""
