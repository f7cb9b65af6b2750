"""Use cases: each joins the packages below into one job."""
