"""What people see of results: reports, pages over many of them, fragments for notebooks. All of it is readable without a network."""
