"""Values in, values out: metrics with intervals, paired comparison, profiles."""
