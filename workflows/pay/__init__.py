"""What sitters earn: what is due (`due`), pay runs over it (`runs`), lines by hand (`extras`), a visit's pay (`figures`),
and statements to read, print and mail (`statements`)."""
