"""The flow engine: tables of steps, the state machine that they make, the words said; pure."""
