"""Every number Tollgate decides by: pure functions of their arguments, no clock, no hidden randomness."""
