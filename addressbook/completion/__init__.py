"""The people that a person may mean: `index` keeps the words of addresses, `search` completes by
them."""
