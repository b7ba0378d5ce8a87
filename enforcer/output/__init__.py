"""What commands print: a document of lines and tables, and the forms it is written in."""
