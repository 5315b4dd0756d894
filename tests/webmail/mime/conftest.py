"""Where the shared corpus of odd and hostile messages is, when it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of the shared corpus; tests that ask for it are skipped without it."""
    if not CORPUS.is_dir():
        pytest.skip("the shared corpus is not beside the project: ../shared/corpus")
    return CORPUS
