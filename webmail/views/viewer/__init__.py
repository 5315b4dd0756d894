"""Attachments opened in place: a page for each, with what a browser may safely show.

What mail carries is never answered as something that a browser would run: images are encoded anew,
sounds and films come under a type of a fixed list, PDFs as bytes for our own reader, texts and
tables are escaped in our page, and HTML goes through the sanitiser into a sandboxed frame.
"""
