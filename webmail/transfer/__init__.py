"""Mail that moves in and out: exports, imports, and the mail of another account.

`names`, `mbox`, `maildir`, `zipping`, `tarring`, `unzipping` and `reading` turn bytes into messages
and back; they know neither servers nor rows. `store` keeps sealed files in the spool, in segments.
`exporting`, `importing` and `collecting` are the steps of jobs, `depositing` files messages in
folders without doing so twice, and `jobs` leads a job from its beginning to its end.
"""
