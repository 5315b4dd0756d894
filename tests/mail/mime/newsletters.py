"""Newsletters of any size, as the layout programs of senders write them."""

from __future__ import annotations

import random

HEAD = """<!doctype html><html><head><meta charset="utf-8"><title>La lettre</title>
<style type="text/css">
body { margin: 0; padding: 0; background-color: #eef1f5; }
img { border: 0; line-height: 100%; outline: none; text-decoration: none; }
table, td { border-collapse: collapse; mso-table-lspace: 0pt; mso-table-rspace: 0pt; }
a { color: #14508c; } .btn a:hover { background: #0d3866 !important; }
@media only screen and (max-width: 600px) {
  .wrap { width: 100% !important; } .col { display: block !important; width: 100% !important; }
  .hide { display: none !important; } .pad { padding: 12px 16px !important; }
}
</style></head><body bgcolor="#eef1f5" style="margin:0">
<div style="display:none;max-height:0;overflow:hidden">Ce mois-ci dans la lettre</div>
<table width="100%" cellpadding="0" cellspacing="0" role="presentation"><tr><td align="center">
<table class="wrap" width="600" cellpadding="0" cellspacing="0" style="width:600px">
"""
ROW = """<tr><td class="pad" style="padding:24px 32px;background-color:#ffffff;\
border-bottom:1px solid #{colour}">
<table width="100%" cellpadding="0" cellspacing="0" role="presentation"><tr>
<td class="col" width="200" valign="top" style="padding-right:16px">
<a href="https://click.example/{n}?u=abc&amp;c={n}" target="_blank"><img \
src="https://img.example/{n}.jpg" width="184" height="120" alt="Photo {n}" \
style="display:block;border-radius:4px;max-width:100%"></a></td>
<td class="col" valign="top" style="font-family:Arial,Helvetica,sans-serif;font-size:15px;\
line-height:22px;color:#333333">
<h2 style="margin:0 0 8px;font-size:{size}px;line-height:26px;color:#14508c">{title}</h2>
<p style="margin:0 0 12px">{text} <strong>{title}</strong> {text} <em>{word}</em>.</p>
<table class="btn" cellpadding="0" cellspacing="0"><tr><td bgcolor="#14508c" \
style="border-radius:4px;padding:10px 18px"><a href="https://click.example/b/{n}" \
style="color:#ffffff;text-decoration:none;font-weight:bold">Lire la suite</a></td></tr></table>
</td></tr></table></td></tr>
"""
# What the layout programs of newsletters write for each kind of block, used or not.
RULES = """.block{n} .text,.block{n} .text p{{/*@editable*/color:#202020;/*@editable*/\
font-family:Helvetica;/*@editable*/font-size:16px;/*@editable*/line-height:150%;}}
#header{n}{{/*@editable*/background-color:#F7F7F7;border-top:0;padding-top:{n}px;}}
@media only screen and (max-width: 480px){{
		.block{n} .image,.block{n} .caption,.block{n} a[href^=tel]{{
			max-width:100% !important;
		}}

}}
"""
WORDS = ["rentrée", "élèves", "atelier", "musée", "concours", "académie", "projet", "lecture"]


def newsletter(size: int, kinds: int = 0) -> str:
    """A newsletter of about ``size`` characters, the same each time: few styles said often, and
    now and then one of its own. Its style sheet has rules for so many ``kinds`` of blocks."""
    draw = random.Random(size)  # noqa: S311
    rules = "".join(RULES.format(n=n) for n in range(kinds))
    head = HEAD.replace("</style>", f"{rules}</style>")
    pieces, length = [head], len(head)
    while length < size:
        row = ROW.format(
            n=len(pieces),
            colour=draw.choice(["dde3ea", "c9d2dc", f"{draw.randrange(1 << 24):06x}"]),
            size=draw.choice([18, 20, 22]),
            title=" ".join(draw.choices(WORDS, k=4)).capitalize(),
            text=" ".join(draw.choices(WORDS, k=25)),
            word=draw.choice(WORDS),
        )
        pieces.append(row)
        length += len(row)
    return "".join(pieces) + "</table></td></tr></table></body></html>"
