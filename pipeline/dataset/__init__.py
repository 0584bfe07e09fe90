"""What the data is: where it comes from, how it is stored, checked and augmented."""
