"""Mail that moves in and out: exports, imports, and the mail of another account.

`names`, `mbox`, `maildir`, `zipping`, `tarring`, `unzipping` and `reading` convert between bytes
and messages; they use neither servers nor rows. `store` keeps sealed files in the spool, in
segments. `exporting`, `importing` and `collecting` are the steps of jobs, `depositing` stores
messages in folders without duplicates, and `jobs` manages a job from its beginning to its end.
"""
