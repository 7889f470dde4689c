"""A gateway of a Zorgaanbieder, in place of one of a twin's:

    stelsel twin stelsel/tests/walk/walk.toml --external za-1=127.0.0.1:9444
    python3 za.py twin/external/za-1 --listen 127.0.0.1:9444 [--fault NAME]

Steps 3 to 15 of UCI Verzamelen of release 1.0 and its eight exceptions, written from the rulebook with ordinary libraries
(cryptography, lxml, signxml). Small: data are invented here and sessions are kept in memory. With --fault it breaks a rule
on purpose; without, it means to keep them all.
"""

import argparse
import html
import json
import secrets
import sys
import threading
import time
from datetime import datetime, timezone
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import uuid4

from house import WHITELIST, House, base64_text, xml
from lxml import etree
from signxml import XMLSigner, XMLVerifier, methods
from signxml.exceptions import InvalidInput, InvalidSignature

# What can be planted: the rules that it breaks, by the names that stelsel gives them, and how.
FAULTS = {
    # At the door
    "ocsp-ignored": ("OCSP_AT_HANDSHAKE", "takes every certificate for good"),
    "ocsp-silence-taken": ("OCSP_AT_HANDSHAKE", "takes a certificate for good if the responder says nothing"),
    "ocsp-old-taken": ("OCSP_FRESH", "takes answers of the responder whose time is over"),
    "ocsp-forged-taken": ("OCSP_FRESH", "does not verify what the responder has signed"),
    "whitelist-ignored": ("WHITELIST_AT_HANDSHAKE", "admits who is not on the Whitelist"),
    "whitelist-never-fetched": ("WHITELIST_PULLED", "never fetches the Whitelist"),
    "whitelist-not-validated": ("WHITELIST_VALIDATED", "uses a Whitelist that is not valid"),
    "no-certificate-needed": ("MUTUAL_CERTIFICATES NORM_CRYPTOGRAPHY", "serves who shows no certificate as the first PGO"),
    "expired-certificate-taken": ("PKIO_CERTIFICATE", "takes certificates that have ended"),
    "certificate-pinned": ("SEVERAL_CERTIFICATES", "admits a PGO by the first of its certificates only"),
    "own-certificate-behind": ("PKIO_CERTIFICATE", "shows nodes a certificate that nobody vouches for"),
    "any-name-trusted": ("CERTIFICATE_OF_NAME", "takes a certificate of DigiD for any name"),
    "any-chain-trusted": ("PKIO_CERTIFICATE CERTIFICATE_OF_NAME", "takes any certificate of DigiD"),
    "old-tls": ("TLS_BACK_GOOD TLS_FRONT_SUFFICIENT", "speaks TLS 1.1 too"),
    "weak-cipher": ("TLS_BACK_GOOD", "agrees to suites that the NCSC does not call good"),
    "plain-http": ("TLS_EVERYWHERE", "serves its pages without TLS too"),
    # Authorization requests
    "client-unknown-taken": ("CLIENT_KNOWN", "goes on for a client that is on no list"),
    "redirect-half": ("REDIRECT_FULL_HTTPS", "sends the browser back to a redirect_uri that is not full, with an error"),
    "redirect-anywhere": ("REDIRECT_FULL_HTTPS", "takes a redirect_uri that is not full and HTTPS"),
    "redirect-of-other-client": ("REDIRECT_OF_CLIENT", "takes a redirect_uri at any host"),
    "response-type-ignored": ("GRANT_TYPE", "goes on whatever response_type says"),
    "scope-not-checked": ("SCOPE_OFFERED", "goes on for what it does not offer"),
    "parameters-doubled": ("EXCEPTION_REQUEST", "goes on when a parameter stands there twice"),
    "invalid-redirected": (
        "EXCEPTION_REQUEST UC_REQUEST_INVALID",
        "exception 1: sends the browser back, although the client is unknown, instead of telling the person",
    ),
    "invalid-mistold": ("EXCEPTION_REQUEST", "exception 1: tells a PGO that is known of a server error"),
    "invalid-not-said": ("EXCEPTION_REQUEST UC_REQUEST_INVALID", "exception 1: shows an empty page"),
    "offer-forgotten": ("LISTED_IS_SERVED", "refuses one of the services that it offers"),
    # Login and consent
    "login-skipped": ("DIGID_FIRST IDENTITY_FIRST", "asks for consent before anybody logged in"),
    "authn-unsigned": ("STEP_TO_DIGID", "does not sign its AuthnRequest"),
    "session-not-bound": ("SESSION_OF_BROWSER", "knows the session by RelayState, whichever browser comes back"),
    "signature-ignored": ("ASSERTION_VALID", "does not verify what DigiD has signed"),
    "wrapped-assertion-taken": ("ASSERTION_VALID", "verifies one assertion and reads the first"),
    "other-request-taken": ("ASSERTION_VALID", "does not ask which request an assertion answers"),
    "audience-ignored": ("ASSERTION_VALID", "does not ask for whom an assertion is"),
    "old-assertion-taken": ("ASSERTION_VALID", "does not ask how old an assertion is"),
    "low-level-taken": ("ASSERTION_VALID", "does not ask how well somebody proved who they are"),
    "consent-before-data": ("STEP_AVAILABILITY", "asks for consent before it looks whether there is anything"),
    "consent-skipped": ("CONSENT_FIRST", "gives the person's consent itself"),
    "other-service-shown": ("SCOPE_SHOWN", "asks for consent to another service"),
    "other-service-too": ("SCOPE_SHOWN", "asks for consent to another service beside the one that was asked"),
    "other-provider-shown": ("CONSENT_WORDS", "asks for consent to another Zorgaanbieder"),
    "names-left-out": ("CONSENT_WORDS", "does not say for which PGO it asks"),
    "framed": ("NO_CLICKJACKING", "lets other pages have its own inside"),
    "framed-by-all": ("NO_CLICKJACKING", "says that any page may have its own inside"),
    "password-asked": ("NO_EMBEDDED_BROWSER", "asks for a password beside consent"),
    "form-not-checked": ("OWNER_PRESENT", "takes a form from whichever browser and whatever site sends it"),
    "bsn-in-redirect": ("STEP_BSN", "puts the BSN into the address that leads back"),
    "state-altered": ("STEP_CODE", "sends another state back"),
    "cancel-mistold": ("EXCEPTION_IDENTITY", "exception 2: tells of a server error"),
    "no-data-mistold": ("EXCEPTION_NO_DATA", "exception 3: tells of a server error"),
    "refusal-mistold": ("EXCEPTION_REFUSED", "exception 4: tells of a server error"),
    "answer-mistold": ("EXCEPTION_AUTHORIZATION", "exception 5: tells of a server error"),
    "refusal-not-told": ("UC_REFUSED", "exception 4: shows a page of its own and sends nobody back"),
    # Codes
    "code-no-uuid": ("UUID_V4", "codes and tokens are no UUIDs of version 4"),
    "code-short": ("UUID_V4 CODE_NOT_GUESSED", "codes and tokens are half as long as they should be"),
    "codes-predictable": ("CODE_NOT_GUESSED", "codes and tokens are counted up"),
    "equal-codes": ("UNIQUE_WHILE_LIVE", "gives the same code again while it is valid"),
    "code-honoured-twice": ("CODE_ONCE", "answers a code every time"),
    "code-race": ("CODE_ONCE", "answers a code that is offered twice at one moment twice"),
    "code-of-any-client": ("CODE_OWN_CLIENT", "gives the token to whoever offers the code"),
    "any-code": ("CODE_KNOWN", "answers a code that it never issued"),
    "redirect-not-compared": ("EXCEPTION_CODE", "does not compare the redirect_uri with that of the request"),
    "other-grant-type": ("GRANT_TYPE", "answers a code whatever grant_type says"),
    "code-lives-longer": ("CODE_VALIDITY", "answers a code for an hour"),
    "code-dies-early": ("CODE_VALIDITY", "answers a code for a minute"),
    "grant-not-told": ("EXCEPTION_CODE UC_NOT_SUPPLIED", "exception 6: refuses a code without a word"),
    "grant-mistold": ("EXCEPTION_CODE", "exception 6: refuses a code with another error"),
    # Tokens
    "refresh-token": ("NO_REFRESH_TOKENS", "gives a refresh token"),
    "other-token-type": ("BEARER", "gives tokens that are no bearer tokens"),
    "token-lives-longer": ("TOKEN_VALIDITY", "says that tokens live for an hour"),
    "token-outlives": ("TOKEN_VALIDITY", "serves who shows a token of an hour"),
    "token-dies-early": ("TOKEN_VALIDITY", "serves who shows a token for a minute"),
    "token-cacheable": ("ACCESS_TOKENS_KEPT", "lets caches keep a token"),
    "scope-of-two": ("SINGLE_SCOPE", "gives a token for all of its services"),
    "equal-tokens": ("UNIQUE_WHILE_LIVE", "gives the same token again while it is valid"),
    "any-token": ("TOKEN_KNOWN", "serves whoever shows any token"),
    "query-token-taken": ("TOKEN_THREATS", "takes a token out of the address"),
    "token-for-all": ("TOKEN_COVERS", "serves any service for any token"),
    "bsn-in-answer": ("NO_IDENTITY_BETWEEN", "puts the BSN into its answers"),
    "not-fhir": ("CATALOGUE_STANDARDS", "answers with what is no FHIR"),
    "suppressed-mistold": ("EXCEPTION_TOKEN", "exception 7: says incomplete where the token is wrong"),
    "delivery-mistold": ("EXCEPTION_DELIVERY", "exception 8: says suppressed where systems behind it are down"),
}
LIFETIME = 900
SESSION = 900
DIENSTEN = {"49": "Huisartsgegevens", "51": "Documenten"}
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
# Levels of assurance as DigiD names them, the lowest first; what is asked, and what will do.
LEVELS = ["PasswordProtectedTransport", "MobileTwoFactorContract", "Smartcard", "SmartcardPKI"]
CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
LEVEL = "MobileTwoFactorContract"


class Refused(Exception):
    """Exception 1: the person is told the cause, and nobody is sent anywhere."""


class Gateway:
    def __init__(self, house):
        self.house, self.faults, self.lock = house, house.faults, threading.Lock()
        self.sessions, self.codes, self.tokens = {}, {}, {}
        self.read_zal((house.folder / "MedMij_Zorgaanbiederslijst.xml").read_bytes())
        clients = xml((house.folder / "MedMij_OAuthclientlist.xml").read_bytes())
        space = clients.tag[: clients.tag.index("}") + 1]
        self.clients = {
            client.findtext(f"{space}Hostname"): client.findtext(f"{space}OAuthclientOrganisatienaam")
            for client in clients.iter(f"{space}OAuthclient")
        }
        digid = xml((house.folder / "digid.xml").read_bytes())
        self.digid = digid.get("entityID")
        self.sign_on = digid.find(f".//{{{MD}}}SingleSignOnService").get("Location")
        self.resolution = digid.find(f".//{{{MD}}}ArtifactResolutionService").get("Location")
        self.digid_certificate = digid.findtext(f".//{{{DS}}}X509Certificate")
        own = xml((house.folder / "saml.xml").read_bytes())
        self.entity = own.get("entityID")
        self.consumer = urlsplit(own.find(f".//{{{MD}}}AssertionConsumerService").get("Location")).path
        self.systems_down, self.scripted = False, False
        self.key = (house.folder / "saml.key.pem").read_bytes()
        self.certificate = (house.folder / "saml.pem").read_bytes()

    def read_zal(self, text):
        """What is served here, by path, as the ZAL has it (PI 7)."""
        root = xml(text)
        space = root.tag[: root.tag.index("}") + 1]
        self.authorize, self.token_paths, self.resources, self.named = {}, set(), {}, []
        for zorgaanbieder in root.iter(f"{space}Zorgaanbieder"):
            naam = zorgaanbieder.findtext(f"{space}Zorgaanbiedernaam")
            self.named.append(naam)
            for dienst in zorgaanbieder.iter(f"{space}Gegevensdienst"):
                served = (naam, dienst.findtext(f"{space}GegevensdienstId"))
                at = lambda name, of=dienst: urlsplit(of.findtext(f".//{space}{name}"))
                if at("TokenEndpointuri").hostname != self.house.back:
                    continue
                self.authorize.setdefault(at("AuthorizationEndpointuri").path, set()).add(served)
                self.token_paths.add(at("TokenEndpointuri").path)
                self.resources.setdefault(at("ResourceEndpointuri").path, set()).add(served)

    def new(self, live):
        """APP 11: a UUID of version 4 that no other has while it lives."""
        if "codes-predictable" in self.faults:
            self.counted = getattr(self, "counted", 0) + 1
            return f"3e7b2c51-9d04-4c8a-b6f3-{self.counted:012x}"
        while True:
            value = str(uuid4())
            if "code-no-uuid" in self.faults:
                value = secrets.token_hex(16)
            if "code-short" in self.faults:
                value = secrets.token_hex(8)
            if value not in live:
                return value

    def same(self, live, kept):
        """A live value of the same person and service, which must not be given again."""
        is_same = lambda known: all(known[name] == kept[name] for name in ("client", "naam", "dienst", "bsn"))
        return next((value for value, known in live.items() if is_same(known)), None)

    def steer(self, state):
        """The systems behind it fail, or work."""
        self.systems_down = {"down": True, "up": False}[state]

    def forget(self):
        """Sessions, codes and tokens past their time; codes and tokens are remembered for an hour, to refuse them."""
        now = self.house.now()
        for kept, limit in [(self.sessions, SESSION), (self.codes, 3_600), (self.tokens, 3_600)]:
            for gone in [key for key, value in kept.items() if now - value["at"] > limit]:
                del kept[gone]

    # Step 3

    def begin(self, path, query):
        """A session, if the request is one (exception 1)."""
        pairs = parse_qsl(query, keep_blank_values=True)
        asked = dict(pairs)
        if len(asked) < len(pairs) and "parameters-doubled" not in self.faults:
            raise Refused("een gegeven staat er dubbel")
        client, redirect = asked.get("client_id"), asked.get("redirect_uri", "")
        is_at_known = urlsplit(redirect).hostname in self.clients
        if client not in self.clients and is_at_known and "invalid-redirected" in self.faults:
            return {"redirect": redirect, "state": asked.get("state", ""), "bsn": None}, None
        if client not in self.clients and not (client and "client-unknown-taken" in self.faults):
            raise Refused("client_id")
        if redirect.startswith("/") and "redirect-half" in self.faults:
            return {"redirect": redirect, "state": asked.get("state", ""), "bsn": None}, None
        if not self.may_lead_to(client, redirect):
            raise Refused("redirect_uri")
        state = asked.get("state")
        offered = {dienst: naam for naam, dienst in self.authorize[path]}
        dienst = asked.get("scope")
        if "offer-forgotten" in self.faults:
            offered.pop("51", None)
        naam = offered.get(dienst)
        if "scope-not-checked" in self.faults:
            naam = next(iter(offered.values()))
        for cause, is_wrong in [
            ("response_type", asked.get("response_type") != "code" and "response-type-ignored" not in self.faults),
            ("state", not state or len(state) > 2_048),
            ("scope", naam is None),
        ]:
            if is_wrong and "invalid-mistold" in self.faults:
                return {"redirect": redirect, "state": state or "", "bsn": None}, None
            if is_wrong:
                raise Refused(cause)
        session = {
            "at": self.house.now(),
            "client": client,
            "redirect": redirect,
            "state": state,
            "naam": naam,
            "dienst": dienst,
            "relay": str(uuid4()),
            "request": f"_{uuid4()}",
            "csrf": str(uuid4()),
            "bsn": None,
        }
        cookie = secrets.token_urlsafe(24)
        with self.lock:
            self.forget()
            self.sessions[cookie] = session
        return session, cookie

    def may_lead_to(self, client, redirect):
        """APP 15, RFC 6749 section 3.1.2.4: full, HTTPS, and at the client's own host."""
        if set(redirect) & set("?#\\ \r\n\t@"):
            return False
        at = urlsplit(redirect)
        is_full = at.scheme == "https" and bool(at.hostname) and at.netloc == at.hostname
        if not is_full and "redirect-anywhere" in self.faults:
            return at.hostname in (client, None)
        return is_full and (at.hostname == client or "redirect-of-other-client" in self.faults)

    # Steps 4 to 7

    def signed(self, root, identity):
        place = etree.SubElement(root, f"{{{DS}}}Signature", Id="placeholder", nsmap={"ds": DS})
        root.insert(1, place)
        signer = XMLSigner(
            method=methods.enveloped,
            signature_algorithm="rsa-sha256",
            digest_algorithm="sha256",
            c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#",
        )
        return signer.sign(root, key=self.key, cert=self.certificate, reference_uri=identity, id_attribute="ID")

    def message(self, name, identity, destination, **more):
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        root = etree.Element(
            f"{{{SAMLP}}}{name}",
            nsmap={"samlp": SAMLP, "saml": SAML},
            ID=identity,
            Version="2.0",
            IssueInstant=now,
            Destination=destination,
            **more,
        )
        etree.SubElement(root, f"{{{SAML}}}Issuer").text = self.entity
        return root

    def authn_request(self, session):
        more = {"ForceAuthn": "true", "AssertionConsumerServiceIndex": "0"}
        root = self.message("AuthnRequest", session["request"], self.sign_on, **more)
        context = etree.SubElement(root, f"{{{SAMLP}}}RequestedAuthnContext", Comparison="minimum")
        etree.SubElement(context, f"{{{SAML}}}AuthnContextClassRef").text = CLASS + LEVEL
        if "authn-unsigned" in self.faults:
            return base64_text(etree.tostring(root))
        return base64_text(etree.tostring(self.signed(root, session["request"])))

    def identity(self, session, artifact):
        """The BSN of who logged in, as DigiD vouches for it; none if that is not established (exception 2)."""
        identity = f"_{uuid4()}"
        root = self.message("ArtifactResolve", identity, self.resolution)
        etree.SubElement(root, f"{{{SAMLP}}}Artifact").text = artifact
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"e": SOAP})
        etree.SubElement(envelope, f"{{{SOAP}}}Body").append(self.signed(root, identity))
        at = urlsplit(self.resolution)
        answer = self.house.ask(
            at.hostname, "POST", at.path, etree.tostring(envelope), {"Content-Type": "text/xml"}
        )
        if answer.status != 200:
            return None
        outer = xml(answer.body).find(f".//{{{SAMLP}}}ArtifactResponse")
        if outer is None:
            return None
        if "wrapped-assertion-taken" not in self.faults:
            outer = self.verified(outer)
        response = outer.find(f"{{{SAMLP}}}Response")
        if response is None:
            return None
        status = response.find(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode").get("Value")
        assertion = response.find(f"{{{SAML}}}Assertion")
        if not status.endswith(":Success") or assertion is None:
            return None
        if "wrapped-assertion-taken" in self.faults:
            # Some assertion of DigiD's is in there, and the first that is found is taken for it.
            self.verified(response.findall(f"{{{SAML}}}Assertion")[-1])
        else:
            assertion = self.verified(assertion)
        conditions = assertion.find(f"{{{SAML}}}Conditions")
        moment = lambda name: datetime.fromisoformat(conditions.get(name)[:19]).replace(tzinfo=timezone.utc)
        now = datetime.now(timezone.utc)
        data = assertion.find(f".//{{{SAML}}}SubjectConfirmationData")
        name = assertion.findtext(f"{{{SAML}}}Subject/{{{SAML}}}NameID")
        # A moment of this second counts, as far as whole seconds tell.
        is_now = moment("NotBefore") <= now < moment("NotOnOrAfter")
        level = (assertion.findtext(f".//{{{SAML}}}AuthnContextClassRef") or "").removeprefix(CLASS)
        is_sure = level in LEVELS[LEVELS.index(LEVEL) :]
        is_right = (
            assertion.findtext(f"{{{SAML}}}Issuer") == self.digid
            and (assertion.findtext(f".//{{{SAML}}}Audience") == self.entity or "audience-ignored" in self.faults)
            and (data.get("InResponseTo") == session["request"] or "other-request-taken" in self.faults)
            and (is_now or "old-assertion-taken" in self.faults)
            and (is_sure or "low-level-taken" in self.faults)
        )
        digits = name.rsplit(":", 1)[-1]
        return digits if is_right and len(digits) == 9 and digits.isdigit() else None

    def verified(self, element):
        """What was signed by DigiD, and only that."""
        if "signature-ignored" in self.faults:
            return element
        text = etree.tostring(element)
        return XMLVerifier().verify(text, x509_cert=self.digid_certificate, id_attribute="ID").signed_xml

    # Step 8

    def has_data(self, session):
        return int(session["bsn"] or 0) // 7 % 5 > 0

    # Steps 10, 12 and 13

    def code(self, session):
        with self.lock:
            self.forget()
            kept = {name: session[name] for name in ("client", "redirect", "naam", "dienst", "bsn")}
            same = self.same(self.codes, kept) if "equal-codes" in self.faults else None
            code = same or self.new(self.codes)
            self.codes[code] = {"at": self.house.now(), "offered": None, **kept}
        return code

    def grant(self, form, peer):
        """A token, or the error of RFC 6749 section 5.2."""
        if form.get("grant_type") != "authorization_code" and "other-grant-type" not in self.faults:
            return 400, {"error": "unsupported_grant_type"}
        refused = (400, {"error": "invalid_client" if "grant-mistold" in self.faults else "invalid_grant"})
        with self.lock:
            self.forget()
            known = self.codes.get(form.get("code"))
            if known is None and "any-code" in self.faults and self.codes:
                known = {**next(iter(self.codes.values())), "offered": None, "client": peer}
                known["redirect"], known["at"] = form.get("redirect_uri"), self.house.now()
            if known is None:
                return refused
        if "code-race" in self.faults and not known["offered"]:
            # Looks, and only later marks what it saw.
            time.sleep(0.3)
            known = {**known, "offered": None}
            self.codes[form["code"]]["offered"] = True
        with self.lock:
            again, known["offered"] = known["offered"], known["offered"] or True
            if again and "code-honoured-twice" not in self.faults:
                # RFC 6749 section 4.1.2: what it had led to is taken back.
                self.tokens.pop(again, None)
                return refused
            is_its_own = known["client"] == peer == form.get("client_id")
            is_right = known["redirect"] == form.get("redirect_uri") or "redirect-not-compared" in self.faults
            if not (is_its_own or "code-of-any-client" in self.faults) or not is_right:
                return refused
            lives = {"code-lives-longer": 3_600, "code-dies-early": 60}
            if self.house.now() - known["at"] >= self.lifetime(lives):
                return refused
            kept = {name: known[name] for name in ("client", "naam", "dienst", "bsn")}
            same = self.same(self.tokens, kept) if "equal-tokens" in self.faults else None
            token = same or self.new(self.tokens)
            self.tokens[token] = {"at": self.house.now(), **kept}
            known["offered"] = token
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME}
        if "other-token-type" in self.faults:
            answer["token_type"] = "mac"
        if "token-lives-longer" in self.faults:
            answer["expires_in"] = 3_600
        if "refresh-token" in self.faults:
            answer["refresh_token"] = str(uuid4())
        if "scope-of-two" in self.faults:
            answer["scope"] = " ".join(DIENSTEN)
        return 200, answer

    def lifetime(self, otherwise):
        """APP 10: 900 seconds."""
        return next((limit for fault, limit in otherwise.items() if fault in self.faults), LIFETIME)

    # Step 15

    def covered(self, token, peer, served):
        """What the token is good for, if it is for this (APP 9, APP 13)."""
        with self.lock:
            self.forget()
            known = self.tokens.get(token)
        if known is None and "any-token" in self.faults:
            return {"bsn": "999900006", "dienst": "49"}
        limit = self.lifetime({"token-outlives": 3_600, "token-dies-early": 60})
        is_live = known and known["client"] == peer and self.house.now() - known["at"] < limit
        if not is_live:
            return None
        is_for_this = (known["naam"], known["dienst"]) in served or "token-for-all" in self.faults
        return known if is_for_this else None


def page(title, body):
    return (
        f'<!DOCTYPE html><html lang="nl"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )


def scripted(action, fields, choices):
    """Buttons that a script makes a moment later, as applications in a page do: nothing is there without it."""
    told = json.dumps({"action": action, "fields": fields, "choices": choices}).replace("<", "\\u003c")
    return f"""<div id="keuze"></div><script>
const told = {told};
setTimeout(() => {{
  for (const [text, more] of Object.entries(told.choices)) {{
    const button = document.createElement("button");
    button.textContent = text;
    button.onclick = () => {{
      const form = document.createElement("form");
      Object.assign(form, {{ method: "post", action: told.action }});
      for (const [name, value] of Object.entries({{ ...told.fields, ...more }})) {{
        form.append(Object.assign(document.createElement("input"), {{ type: "hidden", name, value }}));
      }}
      document.body.append(form);
      form.submit();
    }};
    document.getElementById("keuze").append(button);
  }}
}}, 100);
</script>"""


class Handler(BaseHTTPRequestHandler):
    """What both doors have in common."""

    protocol_version = "HTTP/1.1"
    gateway = None

    def __init__(self, sock, address, server, peer):
        self.peer = peer
        super().__init__(sock, address, server)

    def log_message(self, *_):
        pass

    def answer(self, status, media, body, headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        if "token-cacheable" not in self.gateway.faults:
            headers = [("Cache-Control", "no-store"), *headers]
        headers = [("Content-Type", media), ("Connection", "close"), *headers]
        for name, value in [*headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def form(self):
        size = int(self.headers.get("Content-Length") or 0)
        if size > 1 << 20:
            return None
        text = self.rfile.read(size).decode("utf-8", "replace")
        pairs = parse_qsl(text, keep_blank_values=True)
        return dict(pairs) if len(dict(pairs)) == len(pairs) else None


class Front(Handler):
    """For browsers."""

    def session(self, relay=None):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("__Host-za")
        known = self.gateway.sessions.get(cookie.value) if cookie else None
        if known is None and relay and "session-not-bound" in self.gateway.faults:
            sessions = list(self.gateway.sessions.values())
            return next((session for session in sessions if session["relay"] == relay), None)
        return known

    def show(self, status, title, body, headers=()):
        policy = "default-src 'none'; script-src 'unsafe-inline'"
        if "framed" not in self.gateway.faults:
            policy += "; frame-ancestors " + ("*" if "framed-by-all" in self.gateway.faults else "'none'")
        safe = ("Content-Security-Policy", policy)
        self.answer(status, "text/html; charset=utf-8", page(title, body), [safe, *headers])

    def back(self, session, headers=(), **answer):
        state = session["state"]
        if "state-altered" in self.gateway.faults:
            state = str(uuid4())
        if "bsn-in-redirect" in self.gateway.faults and session["bsn"]:
            answer["sub"] = session["bsn"]
        query = urlencode({**answer, "state": state}, quote_via=quote)
        location = ("Location", f"{session['redirect']}?{query}")
        self.answer(302, "text/plain", "", [location, *headers])

    def do_GET(self):
        at = urlsplit(self.path)
        if at.path in self.gateway.authorize:
            self.asks(at)
        elif at.path == self.gateway.consumer:
            self.returns(dict(parse_qsl(at.query)))
        else:
            self.show(404, "Niet gevonden", "<p>Hier is niets.</p>")

    def do_POST(self):
        form = self.form()
        if urlsplit(self.path).path == "/toestemming" and form is not None:
            self.answers(form)
        else:
            self.show(404, "Niet gevonden", "<p>Hier is niets.</p>")

    def asks(self, at):
        gateway = self.gateway
        try:
            session, cookie = gateway.begin(at.path, at.query)
        except Refused as cause:
            text = f"<p>Deze vraag klopt niet (invalid_request): {html.escape(str(cause))}.</p>"
            if "invalid-not-said" in gateway.faults:
                return self.answer(400, "text/html; charset=utf-8", "")
            return self.show(400, "Dit verzoek kan niet", text)
        if cookie is None:
            error = "server_error" if "invalid-mistold" in gateway.faults else "invalid_request"
            return self.back(session, error=error)
        site = "None" if "form-not-checked" in gateway.faults else "Lax"
        kept = ("Set-Cookie", f"__Host-za={cookie}; Path=/; Secure; HttpOnly; SameSite={site}")
        if "login-skipped" in gateway.faults:
            session["bsn"] = "999900006"
            return self.question(session, [kept])
        fields = {"SAMLRequest": gateway.authn_request(session), "RelayState": session["relay"]}
        if gateway.scripted:
            body = scripted(gateway.sign_on, fields, {"Inloggen met DigiD": {}})
            return self.show(200, "Wie bent u?", body, [kept])
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
        body = (
            f'<form method="post" action="{html.escape(gateway.sign_on)}">{inputs}<button>Naar DigiD</button></form>'
            "<script>document.forms[0].submit()</script>"
        )
        self.show(200, "U gaat naar DigiD", body, [kept])

    def returns(self, query):
        session, gateway = self.session(query.get("RelayState")), self.gateway
        if session is None or query.get("RelayState") != session["relay"]:
            return self.show(400, "Onbekende sessie", "<p>Begin opnieuw bij uw omgeving.</p>")
        if session["bsn"] is None and "done" not in session:
            # An artifact counts once, and so does the way back with it.
            session["done"] = True
            try:
                session["bsn"] = gateway.identity(session, query.get("SAMLart", ""))
            except (InvalidSignature, InvalidInput, OSError, ValueError, etree.XMLSyntaxError) as fault:
                print(f"not established who it is: {fault!r}", flush=True)
        if session["bsn"] is None:
            error = "server_error" if "cancel-mistold" in gateway.faults else "unauthorized_client"
            return self.back(session, error=error)
        if not gateway.has_data(session) and "consent-before-data" not in gateway.faults:
            if "no-data-mistold" in gateway.faults:
                return self.back(session, error="server_error")
            return self.back(session, error="access_denied", error_description="No such resources.")
        if "consent-skipped" in gateway.faults:
            return self.back(session, code=gateway.code(session))
        self.question(session)

    def question(self, session, headers=()):
        gateway, escape = self.gateway, html.escape
        dienst = "Laboratoriumresultaten" if "other-service-shown" in gateway.faults else DIENSTEN.get(session["dienst"], "?")
        naam, pgo = session["naam"].removesuffix("@medmij"), gateway.clients.get(session["client"], "?")
        if "other-service-too" in gateway.faults:
            dienst += " en Laboratoriumresultaten"
        if "other-provider-shown" in gateway.faults:
            naam = next(other for other in gateway.named if other != session["naam"]).removesuffix("@medmij")
        if "names-left-out" in gateway.faults:
            pgo = "uw leverancier"
        secret = '<input type="password" name="pin">' if "password-asked" in gateway.faults else ""
        words = (
            f"<p>U wilt gegevens bewaren in uw eigen omgeving. {escape(naam)} mag die alleen delen als u dat goedvindt, en "
            f"alleen voor dit verzoek: {escape(dienst)}, aan {escape(pgo)}, om te bewaren in uw omgeving.</p>"
        )
        answers = {"Ja, ik geef toestemming": "ja", "Nee, ik geef geen toestemming": "nee"}
        if gateway.scripted:
            choices = {text: {"antwoord": answer} for text, answer in answers.items()}
            body = words + scripted("/toestemming", {"csrf": session["csrf"]}, choices)
            return self.show(200, f"Mag {naam} uw gegevens delen?", body, headers)
        body = (
            f'{words}<form method="post" action="/toestemming"><input type="hidden" name="csrf" value="{session["csrf"]}">{secret}'
            + " ".join(f'<button name="antwoord" value="{answer}">{text}</button>' for text, answer in answers.items())
            + "</form>"
        )
        self.show(200, f"Mag {naam} uw gegevens delen?", body, headers)

    def answers(self, form):
        session, gateway = self.session(), self.gateway
        if session is None or session["bsn"] is None:
            return self.show(400, "Onbekende sessie", "<p>Begin opnieuw bij uw omgeving.</p>")
        is_own = secrets.compare_digest(form.get("csrf", ""), session["csrf"])
        if not is_own and "form-not-checked" not in gateway.faults:
            if "answer-mistold" in gateway.faults:
                return self.back(session, error="server_error")
            return self.back(session, error="access_denied", error_description="Authorization failed.")
        if "answer" not in session:
            session["answer"] = form.get("antwoord")
            print(f"consent of a person to {session['naam']} {session['dienst']}: {session['answer']}", flush=True)
            is_given = session["answer"] == "ja" and gateway.has_data(session)
            session["code"] = gateway.code(session) if is_given else None
        if session["code"]:
            return self.back(session, code=session["code"])
        if session["answer"] == "nee":
            if "refusal-not-told" in gateway.faults:
                return self.show(200, "Jammer", "<p>U gaf geen toestemming.</p>")
            if "refusal-mistold" in gateway.faults:
                return self.back(session, error="server_error")
            return self.back(session, error="access_denied", error_description="Authorization denied.")
        if not gateway.has_data(session):
            return self.back(session, error="access_denied", error_description="No such resources.")
        self.back(session, error="access_denied", error_description="Authorization failed.")


class Back(Handler):
    """For nodes of the network."""

    def outcome(self, status, code, headers=()):
        issue = {"severity": "error", "code": code}
        body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
        self.answer(status, "application/fhir+json", body, headers)

    def do_POST(self):
        form = self.form()
        if urlsplit(self.path).path not in self.gateway.token_paths:
            return self.answer(404, "text/plain", "")
        if form is None:
            return self.answer(400, "application/json", json.dumps({"error": "invalid_request"}))
        if not self.peer:
            self.peer = form.get("client_id")
        status, answer = self.gateway.grant(form, self.peer)
        if status != 200 and "grant-not-told" in self.gateway.faults:
            return self.answer(status, "text/plain", "")
        self.answer(status, "application/json", json.dumps(answer))

    def do_GET(self):
        gateway, at = self.gateway, urlsplit(self.path)
        found = [path for path in gateway.resources if at.path.startswith(f"{path}/")]
        if not found:
            return self.outcome(404, "not-found")
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        asked = dict(parse_qsl(at.query))
        if "query-token-taken" in gateway.faults and "access_token" in asked:
            scheme, token = "bearer", asked["access_token"]
        served = gateway.resources[found[0]]
        query = at.path.removeprefix(f"{found[0]}/")
        known = gateway.covered(token, self.peer, served) if scheme.lower() == "bearer" else None
        is_documents = query.split("/")[0] in ("DocumentManifest", "DocumentReference", "Binary")
        if known and "token-for-all" not in gateway.faults and is_documents != (known["dienst"] == "51"):
            known = None
        if known is None:
            code = "incomplete" if "suppressed-mistold" in gateway.faults else "suppressed"
            return self.outcome(401, code, [("WWW-Authenticate", 'Bearer error="invalid_token"')])
        if gateway.systems_down:
            return self.outcome(502, "suppressed" if "delivery-mistold" in gateway.faults else "incomplete")
        if "not-fhir" in gateway.faults:
            return self.answer(200, "application/json", json.dumps({"gegevens": []}))
        self.answer(200, "application/fhir+json", json.dumps(self.bundle(query, known)))

    def bundle(self, query, known):
        kind, _, number = query.partition("/")
        if kind == "Binary":
            content = base64_text(f"Verzonnen document {number}".encode())
            return {"resourceType": "Binary", "contentType": "application/pdf", "content": content}
        entries = [
            {"resource": {"resourceType": kind, "id": f"{kind.lower()}-{place}", "status": "current"}}
            for place in range(3)
        ]
        if "bsn-in-answer" in self.gateway.faults:
            identifier = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": known["bsn"]}
            entries.append({"resource": {"resourceType": "Patient", "identifier": [identifier]}})
        return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


def main():
    listed = "\n".join(f"  {name:26} {text}" for name, (_, text) in FAULTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"faults:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="what the twin gives to whoever plays the host: DIR/external/za-1")
    parser.add_argument("--listen", default="127.0.0.1:9444", metavar="HOST:PORT")
    parser.add_argument("--fault", action="append", default=[], choices=FAULTS, metavar="NAME")
    parser.add_argument("--control", metavar="HOST:PORT", help="a door by which its clocks and systems can be steered")
    parser.add_argument("--scripted", action="store_true", help="show pages that do nothing without script")
    parser.add_argument("--list", action="store_true", help="print each fault with the rules that it breaks, and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{name} {rules.replace(' ', ',')}" for name, (rules, _) in FAULTS.items()))
        return
    if not arguments.folder:
        parser.error("expected the folder that a twin gives to who plays a ZA; found none")
    try:
        house = House(arguments.folder, arguments.fault)
        Handler.gateway = Gateway(house)
    except (OSError, KeyError, ValueError, etree.XMLSyntaxError) as fault:
        sys.exit(f"{arguments.folder}: expected a folder that a twin gives to who plays a ZA: {fault!r}")
    Handler.gateway.scripted = arguments.scripted
    if arguments.control:
        house.steered(arguments.control, systems=Handler.gateway.steer)
    if "whitelist-never-fetched" not in house.faults:
        house.keep(WHITELIST, house.take_whitelist)
    print(f"ready {arguments.listen}", flush=True)
    house.serve(arguments.listen, {house.front: Front, house.back: Back})


if __name__ == "__main__":
    main()
