"""Values: the form in which each column is sent, by its type or by `as:`."""
