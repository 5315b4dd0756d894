"""The name of a browser, of what it says itself to be."""

from __future__ import annotations

import pytest
from django.utils import translation

from accounts.devices import Device, recognise

MOZILLA = "Mozilla/5.0 "
WINDOWS = MOZILLA + "(Windows NT 10.0; Win64; x64"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        (WINDOWS + "; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Windows"),
        (WINDOWS + ") " + WEBKIT + "Safari/537.36", "Chrome", "Windows"),
        (WINDOWS + ") " + WEBKIT + "Safari/537.36 Edg/140.0.0.0", "Edge", "Windows"),
        (WINDOWS + ") " + WEBKIT + "Safari/537.36 OPR/120.0.0.0", "Opera", "Windows"),
        (WINDOWS + "; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "Windows"),
        (
            MOZILLA + "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " Version/18.5 Safari/605.1.15",
            "Safari",
            "macOS",
        ),
        (
            MOZILLA + "(iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari",
            "iPhone",
        ),
        (
            MOZILLA + "(iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) FxiOS/140.0 Mobile/15E148 Safari/605.1.15",
            "Firefox",
            "iPad",
        ),
        (
            MOZILLA + "(Linux; Android 10; K) " + WEBKIT + "Mobile Safari/537.36",
            "Chrome",
            "Android",
        ),
        (
            MOZILLA + "(Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)"
            " SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet",
            "Android",
        ),
        (
            MOZILLA + "(X11; CrOS x86_64 14541.0.0) " + WEBKIT + "Safari/537.36",
            "Chrome",
            "ChromeOS",
        ),
        (
            MOZILLA + "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox",
            "Linux",
        ),
        ("curl/8.5.0", "", ""),
        ("", "", ""),
        ("<script>alert(1)</script>", "", ""),
        ("x" * 600 + "Firefox/1", "", ""),
    ],
)
def test_browsers_and_systems(user_agent: str, browser: str, system: str) -> None:
    assert recognise(user_agent) == Device(browser, system)


def test_in_words() -> None:
    with translation.override("en"):
        assert Device("Firefox", "Windows").words == "Firefox on Windows"
        assert Device("", "Linux").words == "Unknown browser on Linux"
        assert Device("Safari", "").words == "Safari"
        assert Device("", "").words == "Unknown browser"


def test_in_french_words() -> None:
    with translation.override("fr"):
        assert Device("Firefox", "Windows").words == "Firefox sur Windows"
        assert Device("", "").words == "Navigateur inconnu"
