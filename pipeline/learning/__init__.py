"""What is learnt from the data: networks, batches, the training loop, metrics, figures."""
