"""What vendors share whose configurations are lines of words in indented blocks: the tree of lines, words, book-keeping, data files."""
