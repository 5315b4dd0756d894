"""Mail programs configured: `thunderbird`, `outlook` (by a domain alone), `apple` and `signing`
(a profile for one person), `phone` (the way to it by a QR code), `sheet` (on paper), `guides`."""
