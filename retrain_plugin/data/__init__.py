"""Windows of rows at a point in time, filtered and projected by the engine that holds them."""
