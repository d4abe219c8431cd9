"""The experiment as it is written: the form that the schema asks for, changes of single keys in the text, and the file. No Qt."""
