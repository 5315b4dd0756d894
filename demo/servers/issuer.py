"""The academy's OpenID Connect provider: its people sign in there with their passwords, and the
private Dovecot asks it about access tokens.

It implements only what the demo needs of the standards: the code flow with PKCE (S256), rotated
refresh tokens, userinfo and logout. Everything is in memory, and lost when it stops. It runs as its
own process: `python -m demo.servers.issuer`, with its plan on standard input.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from demo.servers import process

CLIENT_ID = "messagerie"
TOKEN_SECONDS = 600
CODE_SECONDS = 60

_CHECKOUT = Path(__file__).parent.parent.parent
_LONGEST = 16_384
_PAGE = """<!doctype html>
<html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Compte académique (démonstration)</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 22rem; margin: 3rem auto; padding: 0 1rem }}
label, input, button {{ display: block; width: 100%; box-sizing: border-box; font: inherit }}
input {{ padding: .5rem; margin: 0 0 1rem }}
button {{ padding: .7rem; color: #fff; background: #2b4a9f; border: 0; border-radius: .4rem }}
</style>
<main><h1>Compte académique</h1>
<p>Le service de connexion de la démonstration. Les identifiants sont ceux de bin/demo.</p>
{problem}
<form method="post"><label for="login">Identifiant</label>
<input id="login" name="login" autocomplete="username" required autofocus>
<label for="password">Mot de passe</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Se connecter</button></form></main></html>
"""
_PROBLEM = '<p role="alert"><b>Identifiant ou mot de passe incorrect.</b></p>'


@dataclass(frozen=True)
class Holder:
    """A person with an account at the provider."""

    login: str
    password: str = field(repr=False)
    name: str
    address: str


@dataclass(frozen=True)
class Plan:
    """The configuration of the provider. ``service`` is the address of the webmail; redirects lead
    only there."""

    port: int
    holders: tuple[Holder, ...]
    service: str
    secret: str


class IssuerServer(process.Server):
    """The process of the provider: call `start()`, then read `url`; `stop()` ends it."""

    name = "sign-in service"

    def __init__(self, folder: Path, holders: Sequence[Holder], service: str) -> None:
        self.port = process.free_port()
        self.url = f"http://{process.LOOPBACK}:{self.port}"
        self.log = folder / "issuer.log"
        self._plan = Plan(self.port, tuple(holders), service.rstrip("/"), secrets.token_urlsafe(24))

    @property
    def secret(self) -> str:
        return self._plan.secret

    def start(self) -> None:
        """Start the provider and return when it answers. Raises ServerFailed."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        plan = json.dumps(dataclasses.asdict(self._plan)).encode()
        command = [sys.executable, "-m", "demo.servers.issuer"]
        self.child = process.spawn(command, self.log, cwd=_CHECKOUT, stdin=plan)
        process.wait_for_port(self.port, self.child, self.log)


@dataclass(frozen=True)
class _Grant:
    """A session, code or token of a person, valid until ``ends``. ``back``, ``nonce`` and
    ``challenge`` are those of a code."""

    holder: Holder
    ends: float
    sid: str
    back: str = ""
    nonce: str = ""
    challenge: str = ""


class Issuer:
    """The state of the provider, and its answers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.url = f"http://{process.LOOPBACK}:{plan.port}"
        self._holders = {
            name: holder for holder in plan.holders for name in (holder.login, holder.address)
        }
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._grants: dict[str, _Grant] = {}

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/leave",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [public | {"kid": "demo", "use": "sig", "alg": "RS256"}]}

    def is_asked_well(self, query: dict[str, str]) -> bool:
        return (
            query.get("client_id") == CLIENT_ID
            and query.get("redirect_uri", "").startswith(f"{self.plan.service}/")
            and query.get("code_challenge_method") == "S256"
            and query.get("response_type") == "code"
        )

    def let_in(self, form: dict[str, str]) -> Holder | None:
        holder = self._holders.get(form.get("login", "").strip().lower())
        password = form.get("password", "").encode()
        return (
            holder if holder and hmac.compare_digest(holder.password.encode(), password) else None
        )

    def remember(self, grant: _Grant) -> str:
        word = secrets.token_urlsafe(32)
        now = time.time()
        self._grants = {key: kept for key, kept in self._grants.items() if kept.ends > now}
        self._grants[word] = grant
        return word

    def known(self, word: str) -> _Grant | None:
        grant = self._grants.get(word)
        return grant if grant and grant.ends > time.time() else None

    def answer(self, holder: Holder, sid: str, query: dict[str, str]) -> str:
        """Return the redirect address with a code."""
        code = self.remember(
            _Grant(
                holder,
                time.time() + CODE_SECONDS,
                sid,
                query["redirect_uri"],
                query.get("nonce", ""),
                query.get("code_challenge", ""),
            )
        )
        answer = urlencode({"code": code, "state": query.get("state", ""), "iss": self.url})
        return f"{query['redirect_uri']}?{answer}"

    def tokens(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Return the tokens for a code or for a refresh token, each of which is valid once."""
        is_code = form.get("grant_type") == "authorization_code"
        grant = self.known(form.get("code" if is_code else "refresh_token", ""))
        if grant is None or bool(grant.back) != is_code:
            return None
        self._grants.pop(form["code" if is_code else "refresh_token"])
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if is_code and (grant.challenge, grant.back) != (challenge, form.get("redirect_uri")):
            return None
        now = time.time()
        return {
            "access_token": self.remember(_Grant(grant.holder, now + TOKEN_SECONDS, grant.sid)),
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "refresh_token": self.remember(_Grant(grant.holder, now + 86400, grant.sid)),
            "id_token": self._id_token(grant),
        }

    def claims(self, holder: Holder) -> dict[str, Any]:
        return {
            "sub": holder.login,
            "preferred_username": holder.login,
            "name": holder.name,
            "email": holder.address,
            "email_verified": True,
        }

    def _id_token(self, grant: _Grant) -> str:
        now = int(time.time())
        own = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "sid": grant.sid}
        own |= {"auth_time": now, "nonce": grant.nonce}
        return jwt.encode(
            self.claims(grant.holder) | own, self._key, algorithm="RS256", headers={"kid": "demo"}
        )


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        issuer, query = self.server.issuer, dict(parse_qsl(urlsplit(self.path).query))
        match urlsplit(self.path).path:
            case "/.well-known/openid-configuration":
                self._say(200, issuer.configuration())
            case "/keys":
                self._say(200, issuer.keys())
            case "/userinfo":
                grant = issuer.known(self.headers.get("Authorization", "").removeprefix("Bearer "))
                if grant is None or grant.back:
                    self._say(401, {"error": "invalid_token"})
                else:
                    self._say(200, issuer.claims(grant.holder))
            case "/authorize" if issuer.is_asked_well(query):
                session = issuer.known(self._cookie())
                if session is None or query.get("prompt") == "login":
                    self._page()
                else:
                    self._lead(issuer.answer(session.holder, session.sid, query))
            case "/leave":
                back = query.get("post_logout_redirect_uri", "")
                is_ours = back.startswith(f"{issuer.plan.service}/")
                self._lead(back if is_ours else f"{issuer.plan.service}/", cookie="")
            case _:
                self._say(404, {"error": "not_found"})

    def do_POST(self) -> None:
        issuer, query = self.server.issuer, dict(parse_qsl(urlsplit(self.path).query))
        size = min(int(self.headers.get("Content-Length") or 0), _LONGEST)
        form = dict(parse_qsl(self.rfile.read(size).decode("utf-8", "replace")))
        match urlsplit(self.path).path:
            case "/authorize" if issuer.is_asked_well(query):
                holder = issuer.let_in(form)
                if holder is None:
                    return self._page(_PROBLEM)
                sid = secrets.token_hex(8)
                session = issuer.remember(_Grant(holder, time.time() + 8 * 3600, sid))
                self._lead(issuer.answer(holder, sid, query), cookie=session)
            case "/token":
                if not self._is_service():
                    self._say(401, {"error": "invalid_client"})
                elif tokens := issuer.tokens(form):
                    self._say(200, tokens)
                else:
                    self._say(400, {"error": "invalid_grant"})
            case _:
                self._say(404, {"error": "not_found"})

    def _is_service(self) -> bool:
        pair = f"{CLIENT_ID}:{self.server.issuer.plan.secret}".encode()
        expected = "Basic " + base64.b64encode(pair).decode()
        credentials = self.headers.get("Authorization", "")
        return hmac.compare_digest(expected.encode(), credentials.encode())

    def _cookie(self) -> str:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("academic_session")
        return cookie.value if cookie else ""

    def _say(self, status: int, words: dict[str, Any]) -> None:
        self._send(status, json.dumps(words).encode(), {"Content-Type": "application/json"})

    def _page(self, problem: str = "") -> None:
        fields = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
        self._send(422 if problem else 200, _PAGE.format(problem=problem).encode(), fields)

    def _lead(self, to: str, cookie: str | None = None) -> None:
        fields = {"Location": to, "Content-Type": "text/html; charset=utf-8"}
        if cookie is not None:
            ends = "" if cookie else "; Max-Age=0"
            words = f"academic_session={cookie}; HttpOnly; SameSite=Lax; Path=/{ends}"
            fields["Set-Cookie"] = words
        self._send(303, f'<a href="{escape(to)}">…</a>'.encode(), fields)

    def _send(self, status: int, body: bytes, fields: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Log nothing, since the addresses contain codes."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, issuer: Issuer) -> None:
        super().__init__((process.LOOPBACK, issuer.plan.port), _Handler)
        self.issuer = issuer


def main() -> None:
    read = json.load(sys.stdin)
    holders = tuple(Holder(**holder) for holder in read["holders"])
    _Server(Issuer(Plan(**{**read, "holders": holders}))).serve_forever()


if __name__ == "__main__":
    main()
