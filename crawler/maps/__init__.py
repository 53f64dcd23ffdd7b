"""Other people's price maps: one reader per format, from bytes to the offers of many billers."""
