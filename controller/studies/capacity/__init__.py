"""What a wave holds beside other memories (First Experiment 2 of the seed paper): tasks, networks, training, the comparison."""
