"""Previews: an attachment made into something that a browser may show. Bytes in, bytes and values
out.

``detect.detect`` tells the format of the bytes, and each kind of file has a module that shows it. A
file that cannot or must not be shown raises ``failures.NoPreview``: the user can still download it.
"""
