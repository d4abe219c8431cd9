"""Light against the wave, with it, and aimed at a lag (Next Check 3 of the seed paper), through the full closed loop of the mock rig."""
