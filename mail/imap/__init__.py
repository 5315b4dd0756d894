"""The IMAP protocol (RFC 3501, 9051): the only importer of imap_tools. No Django."""
