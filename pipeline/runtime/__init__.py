"""How any stage runs: parameters, the stage frame, errors, worker processes."""
