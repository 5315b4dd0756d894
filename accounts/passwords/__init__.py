"""The mail password: what it must be, how it is changed on the mail servers, what suggests one."""
