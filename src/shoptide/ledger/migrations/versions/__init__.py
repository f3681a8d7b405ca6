"""One file a layout. What a file says never changes once it was released; a new layout takes the next number."""
