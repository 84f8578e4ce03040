"""Settings by TOLLGATE_ENV: base is complete for the demo, prod and test say only what differs."""
