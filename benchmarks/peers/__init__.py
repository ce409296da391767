"""The same programs as users of other libraries would write them, at their best; one library a file."""
