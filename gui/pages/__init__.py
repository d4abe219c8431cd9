"""The pages of the window: one is shown at a time below the header, which never goes away."""
