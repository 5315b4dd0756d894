"""Configure mail programs: `thunderbird` and `outlook` (by domain alone), `apple` and `signing` (a
profile for one user), `phone` (a QR code that leads to it), `sheet` (on paper), `guides`."""
