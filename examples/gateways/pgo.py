"""A gateway of a PGO, in place of one of a twin's:

    stelsel twin stelsel/tests/walk/walk.toml --external pgo-1=127.0.0.1:9446
    python3 pgo.py twin/external/pgo-1 --listen 127.0.0.1:9446 [--fault NAME]

Steps 1 to 3 and 10 to 16 of UCI Verzamelen of release 1.0, UCI Opvragen ZAL and UCI Opvragen Whitelist, written from the
rulebook with ordinary libraries (cryptography, lxml). Small: who the person is, only their browser's cookie says, and
Dossiers are kept in memory. With --fault it breaks a rule on purpose; without, it means to keep them all.
"""

import argparse
import html
import http.client
import json
import secrets
import sys
import threading
from datetime import date, datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from house import WHITELIST, House, xml
from lxml import etree

# What can be planted: the rules that it breaks, by the names that stelsel gives them, and how.
FAULTS = {
    # At the start
    "strange-offered": ("STEP_OFFER", "offers a Zorgaanbieder that is on no ZAL"),
    "scope-of-two": ("STEP_CHOOSE", "asks for all services at once"),
    "other-client": ("STEP_CHOOSE", "says that it is another client"),
    "response-type-token": ("RESPONSE_TYPE_CODE", "asks for a token in the redirect"),
    "redirect-plain": ("REDIRECT_OFFERED_HTTPS", "has the person come back without TLS"),
    "redirect-with-fragment": ("REDIRECT_OFFERED_HTTPS", "has a redirect_uri with a fragment"),
    "no-state": ("STATE_REQUIRED", "sends no state"),
    "states-predictable": ("STATE_BOUND", "counts its states up"),
    # At the return
    "state-ignored": ("STATE_BOUND", "takes a code with any state, in a browser that waits for one"),
    "state-of-any-browser": ("STATE_BOUND", "takes a code with a state that it gave to another browser"),
    "cancel-not-told": ("UC_IDENTITY", "exception 2: shows the page of when all went well"),
    "no-data-not-told": ("UC_NO_DATA", "exception 3: shows the page of when all went well"),
    "refusal-not-told": ("UC_REFUSED", "exception 4: shows the page of when all went well"),
    "denials-told-alike": ("UC_REFUSED", "exceptions 2, 3 and 4: says the same of each"),
    "failure-not-told": ("UC_NOT_SUPPLIED", "exceptions 6, 7 and 8: shows the page of when all went well"),
    # Codes
    "code-not-offered": ("STEP_OFFER_CODE", "offers no code to anybody"),
    "code-offered-twice": ("CODE_OFFERED_ONCE", "offers each code twice, to be sure"),
    "code-brought-again": ("CODE_OFFERED_ONCE", "offers a code again if the person loads the page again"),
    "other-grant-type": ("GRANT_TYPE", "offers the code as if it were a password"),
    # Queries
    "other-service-asked": ("STEP_REQUEST", "asks for documents too, whatever the token is for"),
    "bsn-in-query": ("NO_IDENTITY_BETWEEN", "puts a BSN into a query"),
    "bsn-in-header": ("NO_IDENTITY_BETWEEN", "puts a BSN into a header"),
    "token-in-address": ("TOKEN_THREATS", "puts the token into the address"),
    "other-scheme": ("BEARER", "shows the token by a scheme of its own"),
    "query-left-out": ("CATALOGUE_STANDARDS", "leaves out one of the queries of the service"),
    "query-of-its-own": ("CATALOGUE_STANDARDS", "asks for what no service has"),
    # Gateways of care providers
    "ocsp-ignored": ("OCSP_AT_HANDSHAKE", "takes every certificate for good"),
    "ocsp-silence-taken": ("OCSP_AT_HANDSHAKE", "takes a certificate for good if the responder says nothing"),
    "ocsp-old-taken": ("OCSP_FRESH", "takes answers of the responder whose time is over"),
    "ocsp-forged-taken": ("OCSP_FRESH", "does not verify what the responder has signed"),
    "any-name-trusted": ("CERTIFICATE_OF_NAME", "takes a certificate of any name"),
    "any-chain-trusted": ("PKIO_CERTIFICATE CERTIFICATE_OF_NAME", "takes any certificate"),
    "certificate-pinned": ("SEVERAL_CERTIFICATES", "takes of each gateway only the certificate that it saw first"),
    "expired-trusted": ("PKIO_CERTIFICATE", "takes certificates that have ended"),
    # Lists
    "whitelist-never-fetched": ("WHITELIST_PULLED", "never fetches the Whitelist"),
    "whitelist-not-asked": ("WHITELIST_OF_ASKED", "brings codes to who is not on the Whitelist"),
    "whitelist-not-validated": ("WHITELIST_VALIDATED", "uses a Whitelist that is not valid"),
    "zal-never-fetched": ("ZAL_BY_UCI", "never fetches the ZAL"),
    "zal-not-validated": ("ZAL_VALIDATED", "uses a ZAL that is not valid"),
    # The Dossier
    "nothing-kept": ("STEP_STORE OFFERS_DOSSIER", "does not keep what came"),
    "source-not-shown": ("PROVENANCE_VISIBLE", "names MedMij in an address only"),
    "dossier-of-anybody": ("NO_CROSS_READ", "shows the same Dossier to everybody"),
    "token-shown": ("ACCESS_TOKENS_KEPT CONFIDENTIAL_CLIENT", "shows the token on a page"),
    "token-in-cookie": ("ACCESS_TOKENS_KEPT CONFIDENTIAL_CLIENT TOKEN_THREATS", "keeps the token in the browser"),
    # Its door
    "own-certificate": ("PKIO_CERTIFICATE", "shows a certificate of its own making"),
    "old-tls": ("TLS_FRONT_SUFFICIENT", "speaks TLS 1.1 too"),
    "insufficient-suites": ("TLS_FRONT_SUFFICIENT", "speaks TLS without encryption, and with nobody vouched for"),
    "ssl-3": ("TLS_EVERYWHERE", "goes on with who says hello in SSL 3.0"),
    "plain-http": ("TLS_EVERYWHERE", "serves its pages without TLS too"),
}
ZAL = "MedMij_Zorgaanbiederslijst.xml"
WAY_BACK = "/terug"
# How long somebody may be away to log in and consent, in seconds, and how many collections may be under way at once.
AWAY, UNDER_WAY = 3_600, 10_000
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SERVICES = {"49": "Huisartsgegevens", "51": "Documenten"}
# What the Gegevenscatalogus has for each service that is collected here.
QUERIES = {
    "49": [
        "Patient",
        "EpisodeOfCare",
        "MedicationRequest?periodofuse=ge{today}&category=http://snomed.info/sct|16076005"
        "&_include=MedicationRequest:medication",
        "AllergyIntolerance?category=medication",
        "Observation?code=https://referentiemodel.nhg.org/tabellen/nhg-tabel-45-diagnostische-bepalingen|"
        "&_include=Observation:related-target&_include=Observation:specimen",
        "Composition?type=http://loinc.org|67781-5",
        "Encounter",
    ],
    "51": ["DocumentManifest?status=current", "DocumentReference?status=current"],
}
# What is told of the answers of exceptions 2 to 5, by error and description.
NO_LOGIN = "Er is niet vastgesteld wie u bent, dus uw zorgaanbieder mag niets delen. U kunt het opnieuw proberen."
DENIALS = {
    ("unauthorized_client", None): NO_LOGIN,
    ("access_denied", "No such resources."): "Uw zorgaanbieder heeft van deze soort geen gegevens van u.",
    ("access_denied", "Authorization denied."): "U gaf geen toestemming, en dus is er niets gedeeld.",
    ("access_denied", "Authorization failed."): "Uw toestemming kwam niet goed aan. U kunt het opnieuw proberen.",
}
DENIED = "Uw zorgaanbieder kon het verzoek niet afmaken. Probeer het later opnieuw."


class Nothing(Exception):
    """Nothing came of it; says what the person is told."""


class Gateway:
    def __init__(self, house):
        self.house, self.faults, self.lock = house, house.faults, threading.Lock()
        self.persons, self.offers, self.number, self.counted = {}, {}, 0, 0
        self.take_zal((house.folder / ZAL).read_bytes())

    # UCI Opvragen ZAL

    def take_zal(self, text):
        """Uses a ZAL if it is valid and no older than what is used (APP 19)."""
        root = xml(text)
        space = root.tag[: root.tag.index("}") + 1]
        children = [child.tag.removeprefix(space) for child in root]
        expected = ["Tijdstempel", "Volgnummer", "Zorgaanbieders"]
        if root.tag != f"{space}Zorgaanbiederslijst" or (children != expected and "zal-not-validated" not in self.faults):
            raise ValueError("no valid ZAL")
        number, offers = int(root.findtext(f"{space}Volgnummer")), {}
        for zorgaanbieder in root.iter(f"{space}Zorgaanbieder"):
            naam = zorgaanbieder.findtext(f"{space}Zorgaanbiedernaam")
            for dienst in zorgaanbieder.iter(f"{space}Gegevensdienst"):
                at = lambda name, of=dienst: of.findtext(f".//{space}{name}")
                names = ("AuthorizationEndpointuri", "TokenEndpointuri", "ResourceEndpointuri")
                addresses = [at(name) for name in names]
                if not naam or not all(address and address.startswith("https://") for address in addresses):
                    raise ValueError(f"a ZAL with an offer that lacks something: {naam}")
                if at("GegevensdienstId") in QUERIES:
                    offers[naam, at("GegevensdienstId")] = addresses
        if not offers:
            raise ValueError("a ZAL without any offer")
        if number >= self.number:
            self.offers, self.number = offers, number

    # Steps 1 to 3

    def person(self, cookie):
        """Somebody's collections and Dossier, if it is somebody."""
        return self.persons.get(cookie)

    def welcome(self):
        cookie = secrets.token_urlsafe(24)
        with self.lock:
            self.persons[cookie] = {"csrf": secrets.token_urlsafe(16), "under way": {}, "done": {}, "dossier": []}
        return cookie

    def begin(self, person, naam, dienst):
        """Where the person goes, who chose this."""
        authorize = self.offers[naam, dienst][0]
        self.counted += 1
        state = f"staat-{self.counted:024}" if "states-predictable" in self.faults else secrets.token_urlsafe(24)
        own, scope = self.house.front, dienst
        redirect = f"https://{own}{WAY_BACK}"
        if "redirect-plain" in self.faults:
            redirect = f"http://{own}{WAY_BACK}"
        if "redirect-with-fragment" in self.faults:
            redirect += "#boven"
        if "scope-of-two" in self.faults:
            scope = " ".join(QUERIES)
        asked = {
            "response_type": "token" if "response-type-token" in self.faults else "code",
            "client_id": f"app.{own}" if "other-client" in self.faults else own,
            "redirect_uri": redirect,
            "scope": scope,
            "state": state,
        }
        if "no-state" in self.faults:
            del asked["state"]
        with self.lock:
            now = self.house.now()
            for known in self.persons.values():
                for gone in [key for key, one in known["under way"].items() if now - one["at"] > AWAY]:
                    del known["under way"][gone]
            if sum(len(known["under way"]) for known in self.persons.values()) >= UNDER_WAY:
                raise Nothing("Het is nu te druk. Probeer het later opnieuw.")
            person["under way"][state] = {"at": now, "naam": naam, "dienst": dienst, "redirect": redirect}
        return f"{authorize}?{urlencode(asked, quote_via=quote)}"

    # Steps 10 to 16

    def returned(self, person, answer):
        """What the person is told who comes back; each answer counts once (RFC 6819 section 4.4.1.8, APP 12)."""
        state = answer.get("state", "")
        if state in person["done"] and "code-brought-again" not in self.faults:
            return person["done"][state]
        with self.lock:
            flow = person["under way"].pop(state, None)
            if flow is None and "code-brought-again" in self.faults:
                flow = person.get("last")
            if flow is None and "state-ignored" in self.faults and person["under way"]:
                flow = person["under way"].popitem()[1]
            if flow is None and "state-of-any-browser" in self.faults:
                flows = (one["under way"].pop(state, None) for one in self.persons.values())
                flow = next((one for one in flows if one), None)
            if flow is None:
                return None
            person["last"] = flow
        try:
            told = self.collected(person, flow, answer)
        except Nothing as why:
            told = ("Er is niets opgehaald", str(why))
        person["done"][state] = told
        return told

    def collected(self, person, flow, answer):
        went_well = ("Uw gegevens zijn opgehaald", "Ze staan nu in uw dossier.")
        code = answer.get("code")
        if not code:
            error, description = answer.get("error"), answer.get("error_description")
            kinds = {"No such resources.": "no-data-not-told", "Authorization denied.": "refusal-not-told"}
            kind = kinds.get(description, "cancel-not-told" if error == "unauthorized_client" else None)
            if kind in self.faults:
                return went_well
            if "denials-told-alike" in self.faults:
                raise Nothing(DENIED)
            raise Nothing(DENIALS.get((error, description), DENIED))
        if "code-not-offered" in self.faults:
            return went_well
        try:
            token = self.token(flow, code)
            items = self.fetch(flow, token)
        except (OSError, ValueError, http.client.HTTPException) as fault:
            print(f"nothing came of {flow['naam']} {flow['dienst']}: {fault!r}", flush=True)
            if "failure-not-told" in self.faults:
                return went_well
            why = "Het ophalen is niet gelukt: er kwam geen antwoord dat te vertrouwen is. Probeer het later opnieuw."
            raise Nothing(str(fault) if isinstance(fault, NotSupplied) else why) from fault
        if "nothing-kept" not in self.faults:
            now = datetime.now(AMSTERDAM).strftime("%d-%m-%Y %H:%M")
            with self.lock:
                person["dossier"] += [
                    {"naam": flow["naam"], "dienst": flow["dienst"], "kind": kind, "count": count, "at": now}
                    for kind, count in items
                ]
        person["token"] = token
        if "token-shown" in self.faults:
            return went_well[0], f"{went_well[1]} Kenmerk: {token}"
        return went_well

    def ask(self, method, address, body=None, headers=None):
        """Asks a gateway of the network, if it is one."""
        at = urlsplit(address)
        if at.hostname not in self.house.whitelist and "whitelist-not-asked" not in self.faults:
            raise OSError(f"{at.hostname} is not on the Whitelist")
        path = at.path + (f"?{at.query}" if at.query else "")
        return self.house.ask(at.hostname, method, path, body, headers)

    def token(self, flow, code):
        address = self.offers[flow["naam"], flow["dienst"]][1]
        form = {
            "grant_type": "password" if "other-grant-type" in self.faults else "authorization_code",
            "code": code,
            "client_id": self.house.front,
            "redirect_uri": flow["redirect"],
        }
        media = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", address, urlencode(form), media)
        if "code-offered-twice" in self.faults:
            self.ask("POST", address, urlencode(form), media)
        if answer.status != 200:
            raise NotSupplied("Uw zorgaanbieder gaf geen toegang, want uw toestemming was niet meer geldig. Begin opnieuw.")
        granted = json.loads(answer.body)
        if not isinstance(granted, dict) or str(granted.get("token_type")).lower() != "bearer":
            raise ValueError("no bearer token")
        return granted["access_token"] if "access_token" in granted else ""

    def fetch(self, flow, token):
        """Kind and number of what came, of each query."""
        address, dienst = self.offers[flow["naam"], flow["dienst"]][2], flow["dienst"]
        queries, items, documents = list(QUERIES[dienst]), [], []
        if "query-left-out" in self.faults:
            queries.pop()
        if "query-of-its-own" in self.faults:
            queries.append("Person?_sort=family")
        if "other-service-asked" in self.faults:
            queries += QUERIES["51"]
        if "bsn-in-query" in self.faults:
            queries[0] += "?identifier=http://fhir.nl/fhir/NamingSystem/bsn|999900006"
        for query in queries:
            bundle = self.asked(address, query, token, query not in QUERIES[dienst])
            entries = bundle.get("entry", [])
            items.append((query.split("?")[0], len(entries)))
            for entry in entries:
                documents += [one["attachment"]["url"] for one in entry.get("resource", {}).get("content", []) if "attachment" in one]
        for document in documents:
            self.asked(address, document, token, False)
            items.append(("Binary", 1))
        return items

    def asked(self, address, query, token, is_extra):
        query = quote(query.replace("{today}", date.today().isoformat()), safe="/?&=$:,")
        scheme = "Token" if "other-scheme" in self.faults else "Bearer"
        headers = {"Accept": "application/fhir+json; fhirVersion=3.0", "Authorization": f"{scheme} {token}"}
        if "bsn-in-header" in self.faults:
            headers["X-Burger"] = "999900006"
        if "token-in-address" in self.faults:
            query += f"{'&' if '?' in query else '?'}access_token={token}"
        answer = self.ask("GET", f"{address}/{query}", None, headers)
        if is_extra and answer.status != 200:
            return {}
        try:
            resource = json.loads(answer.body)
        except ValueError:
            resource = {}
        codes = {issue.get("code") for issue in resource.get("issue", [])}
        if "suppressed" in codes or answer.status == 401:
            raise NotSupplied("Uw zorgaanbieder weigerde de gegevens, want de toegang was niet meer geldig. Begin opnieuw.")
        if "incomplete" in codes or answer.status != 200:
            raise NotSupplied("De systemen van uw zorgaanbieder konden uw gegevens nu niet leveren. Probeer het later.")
        return resource


class NotSupplied(OSError):
    """The care provider supplies nothing (exceptions 6, 7 and 8); says what the person is told."""


def page(title, body):
    return (
        f'<!DOCTYPE html><html lang="nl"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head><body><main>'
        f'<h1>{html.escape(title)}</h1>{body}<p><a href="/">Begin</a> <a href="/dossier">Uw dossier</a></p></main></body></html>'
    )


class Front(BaseHTTPRequestHandler):
    """For browsers."""

    protocol_version = "HTTP/1.1"
    gateway = None

    def __init__(self, sock, address, server, _):
        super().__init__(sock, address, server)

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        body = body.encode()
        self.send_response(status)
        safe = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
        for name, value in [*safe, *headers, ("Content-Length", str(len(body)))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def show(self, status, title, body, headers=()):
        self.answer(status, page(title, body), headers)

    def person(self):
        kept = SimpleCookie(self.headers.get("Cookie", "")).get("__Host-pgo")
        return self.gateway.person(kept.value) if kept else None

    def do_GET(self):
        at = urlsplit(self.path)
        ways = {"/": self.start, WAY_BACK: self.returns, "/dossier": self.dossier}
        if at.path in ways:
            ways[at.path](at)
        else:
            self.show(404, "Niet gevonden", "<p>Hier is niets.</p>")

    def do_POST(self):
        size = int(self.headers.get("Content-Length") or 0)
        form = dict(parse_qsl(self.rfile.read(min(size, 1 << 16)).decode("utf-8", "replace")))
        person = self.person()
        if self.path != "/verzamelen":
            return self.show(404, "Niet gevonden", "<p>Hier is niets.</p>")
        if person is None or not secrets.compare_digest(form.get("csrf", ""), person["csrf"]):
            return self.show(400, "Onbekende sessie", "<p>Begin opnieuw.</p>")
        chosen = (form.get("zorgaanbieder"), form.get("gegevensdienst"))
        if chosen not in self.gateway.offers:
            return self.show(404, "Dit kan daar niet", "<p>Deze zorgaanbieder biedt dat niet.</p>")
        try:
            self.answer(303, "", [("Location", self.gateway.begin(person, *chosen))])
        except Nothing as why:
            self.show(503, "Nu niet", f"<p>{html.escape(str(why))}</p>")

    def start(self, _):
        gateway, headers, person = self.gateway, [], self.person()
        if person is None:
            cookie = gateway.welcome()
            person = gateway.person(cookie)
            headers = [("Set-Cookie", f"__Host-pgo={cookie}; Path=/; Secure; HttpOnly; SameSite=Lax")]
        namen, ids = sorted({naam for naam, _ in gateway.offers}), sorted({dienst for _, dienst in gateway.offers})
        if "strange-offered" in gateway.faults:
            namen.append("kliniekdedroom@medmij")
        escape = html.escape
        option = lambda value, text: f'<option value="{escape(value)}">{escape(text)}</option>'
        body = (
            f'<form method="post" action="/verzamelen"><input type="hidden" name="csrf" value="{person["csrf"]}">'
            '<label>Zorgaanbieder <select name="zorgaanbieder">'
            f'{"".join(option(naam, naam.removesuffix("@medmij")) for naam in namen)}</select></label> '
            '<label>Gegevens <select name="gegevensdienst">'
            f'{"".join(option(one, SERVICES[one]) for one in ids)}</select></label> '
            "<button>Haal op</button></form>"
        )
        self.show(200, "Haal uw gegevens op", body, headers)

    def returns(self, at):
        gateway, person, answer = self.gateway, self.person(), dict(parse_qsl(at.query))
        if person is None and "state-of-any-browser" in gateway.faults:
            person = gateway.person(gateway.welcome())
        told = gateway.returned(person, answer) if person else None
        if told is None:
            text = "<p>Dit antwoord hoort bij geen vraag van u. Er is niets mee gedaan.</p>"
            return self.show(400, "Onbekend antwoord", text)
        title, text = told
        kept = "token-in-cookie" in gateway.faults and "token" in person
        headers = [("Set-Cookie", f"token={person['token']}; Path=/; Secure")] if kept else []
        self.show(200, title, f"<p>{html.escape(text)}</p>", headers)

    def dossier(self, _):
        gateway, person, escape = self.gateway, self.person(), html.escape
        items = person["dossier"] if person else []
        if "dossier-of-anybody" in gateway.faults:
            items = [item for one in gateway.persons.values() for item in one["dossier"]][:30]
        source = "" if "source-not-shown" in gateway.faults else ", over MedMij"
        rows = "".join(
            f"<li>{escape(SERVICES[item['dienst']])}, {escape(item['kind'])}: {item['count']} van "
            f"{escape(item['naam'].removesuffix('@medmij'))}, ontvangen op {item['at']}{source}, sindsdien ongewijzigd</li>"
            for item in items
        )
        body = f"<ul>{rows}</ul>" if rows else "<p>Er is nog niets.</p>"
        self.show(200, "Uw dossier", f"{body}<p>Vragen: help@medmij.example</p>")


def main():
    listed = "\n".join(f"  {name:26} {text}" for name, (_, text) in FAULTS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f"faults:\n{listed}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="what the twin gives to whoever plays the host: DIR/external/pgo-1")
    parser.add_argument("--listen", default="127.0.0.1:9446", metavar="HOST:PORT")
    parser.add_argument("--fault", action="append", default=[], choices=FAULTS, metavar="NAME")
    parser.add_argument("--control", metavar="HOST:PORT", help="a door by which its clocks can be steered")
    parser.add_argument("--list", action="store_true", help="print each fault with the rules that it breaks, and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(f"{name} {rules.replace(' ', ',')}" for name, (rules, _) in FAULTS.items()))
        return
    if not arguments.folder:
        parser.error("expected the folder that a twin gives to who plays a PGO; found none")
    try:
        house = House(arguments.folder, arguments.fault)
        gateway = Front.gateway = Gateway(house)
    except (OSError, KeyError, ValueError, etree.XMLSyntaxError) as fault:
        sys.exit(f"{arguments.folder}: expected a folder that a twin gives to who plays a PGO: {fault!r}")
    if arguments.control:
        house.steered(arguments.control)
    if "whitelist-never-fetched" not in house.faults:
        house.keep(WHITELIST, house.take_whitelist)
    if "zal-never-fetched" not in house.faults:
        house.keep(ZAL, gateway.take_zal)
    print(f"ready {arguments.listen}", flush=True)
    house.serve(arguments.listen, {house.front: Front})


if __name__ == "__main__":
    main()
