"""What the README's figures are made by: `make bench`."""
