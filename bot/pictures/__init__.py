"""Pictures that say a figure better than words: pure functions from plain data to PNG bytes."""
