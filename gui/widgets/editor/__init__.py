"""What the page of the experiment is made of: the form, the YAML, what is wrong, and the light that comes of it."""
