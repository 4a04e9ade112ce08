"""Whether a text and its audio go together. Pure: no sockets, no files, no clock."""
