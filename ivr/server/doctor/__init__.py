"""`ivr doctor`: whether a line is fit to take calls, looked at from outside and inside."""
