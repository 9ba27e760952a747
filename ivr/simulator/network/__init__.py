"""What every part of the network needs: time, seed, numbers, faults."""
