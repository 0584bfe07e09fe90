"""What people run beside the pipeline: add, forget."""
