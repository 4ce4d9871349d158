"""Staff's own pages under `/admin/`: the board, a visit, clients, messages, reports. Plain views, in the admin's frame.

Lists and forms of rows are Django's, in `bookings.admin`. Neither knows the other; what both need is in
`bookings.staff`.
"""
