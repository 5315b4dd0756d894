"""An attachment made into something a browser may show. Bytes in, bytes and values out.

``detect.detect`` says what the bytes are, and each kind has a module that shows it. What cannot or
must not be shown raises ``failures.NoPreview``: the download is always left.
"""
