"""Walks through a running twin as strangers would: a person's browser and a PGO of its own, written from the standards,
that know nothing of stelsel but what network.py is given.

    python3 walk.py DIR/endpoints.json [--offer-twice]

Collects from PGO to dossier; then, with the name and the certificate of a PGO, sees each of the eight exceptions of UCI
Verzamelen in the form that the rulebook has for it; then tries what an attacker would. With --offer-twice it offers
codes for a second time instead, which breaks a rule in that PGO's name. Says what it saw, and ends with 1 if it was not
what the rulebook has. Needs `requests` and `oauthlib`.
"""

import sys
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from itertools import product
from urllib.parse import parse_qs, urljoin, urlsplit
from uuid import UUID, uuid4
from xml.etree import ElementTree

import requests
from network import Network, expect
from oauthlib.oauth2 import InvalidGrantError, WebApplicationClient

# Has all that must be written otherwise in an address, and is to come back as it was.
STATE = "kenmerk & é=?/+%20~"
# The first query of each service that the walk needs: Huisartsgegevens and Documenten.
QUERIES = {"49": "EpisodeOfCare", "51": "DocumentManifest?status=current"}


class Page(HTMLParser):
    """The forms of a page, and what its <main> says of it."""

    def __init__(self, text):
        super().__init__()
        self.main, self.forms, self.options, self.text = {}, [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "html" and attributes.get("lang") != "nl":
            sys.exit("a page: expected lang=nl, found none")
        if tag == "main":
            self.main = attributes
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "hidden": {}, "names": []})
        if tag in ("input", "select", "button") and self.forms and "name" in attributes:
            form = self.forms[-1]
            form["names"].append(attributes["name"])
            if attributes.get("type") == "hidden":
                form["hidden"][attributes["name"]] = attributes.get("value", "")

    def handle_data(self, data):
        self.text += data


class Browser:
    """Cookies, redirects and forms over real TLS. Does not go where `halt` stands in the address, but keeps that; and
    without script a form that would send itself waits."""

    def __init__(self, network, halt=None, script=True):
        self.session = network.session()
        self.session.headers["Accept"] = "text/html"
        self.halt, self.page, self.url, self.answer = halt, None, None, None
        self.script = script

    def go(self, method, url, data=None):
        while True:
            self.url = url
            if self.halt and self.halt in url:
                return "teruggestuurd"
            self.answer = self.session.request(
                method, url, data=data, timeout=60, allow_redirects=False
            )
            if not self.answer.is_redirect:
                break
            method, url, data = "GET", urljoin(url, self.answer.headers["Location"]), None
        self.page = Page(self.answer.text)
        # A form that sends itself where there is script.
        if self.script and self.page.main.get("data-page") == "doorsturen":
            return self.send()
        return self.page.main.get("data-page")

    def send(self, form=0, **fields):
        form = self.page.forms[form]
        for name in fields:
            if name not in form["names"]:
                sys.exit(f"{self.url}: expected a field {name}, found {form['names']}")
        return self.go("POST", urljoin(self.url, form["action"]), {**form["hidden"], **fields})

    def log_in(self, person, password):
        return self.send(testpersoon=person, wachtwoord=password, niveau="hoog")

    def sent(self):
        """The parameters with which it was sent back, each as often as it stands there."""
        return parse_qs(urlsplit(self.url).query, keep_blank_values=True)


class Pgo:
    """A client by RFC 6749 with the name and the certificate of a PGO, and nothing of its program."""

    def __init__(self, network, pgo):
        self.network = network
        self.name, self.node = network.node(pgo)
        self.client = WebApplicationClient(self.name)
        self.redirect = f"https://{self.name}/callback"

    def request(self, offer, **instead):
        """The address of an authorization request; a parameter that is None is left out."""
        asked = {
            "response_type": "code",
            "client_id": self.name,
            "redirect_uri": self.redirect,
            "scope": offer["dienst"],
            "state": STATE,
            **instead,
        }
        asked = {name: value for name, value in asked.items() if value is not None}
        return requests.Request("GET", offer["authorization"], params=asked).prepare().url

    def begin(self, offer):
        """A browser that DigiD asks who is there."""
        browser = Browser(self.network, halt=f"{self.redirect}?")
        url = self.client.prepare_request_uri(
            offer["authorization"], redirect_uri=self.redirect, scope=offer["dienst"], state=STATE
        )
        found = browser.go("GET", url)
        if found != "inloggen":
            sys.exit(f"{offer['authorization']}: expected the login page, found {found}")
        return browser

    def code(self, offer, person):
        browser = self.begin(offer)
        browser.log_in(person, self.network.password)
        browser.send(antwoord="ja")
        return self.client.parse_request_uri_response(browser.url, state=STATE)["code"]

    def offer(self, offer, code, by=None, name=None, redirect=None):
        """Offers a code at the token endpoint; `by` has another node make the call, `name` is whom it says it is."""
        client = WebApplicationClient(name or self.name)
        body = client.prepare_request_body(code=code, redirect_uri=redirect or self.redirect)
        return (by or self).node.post(
            offer["token"],
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=60,
        )

    def token(self, offer, code):
        answer = self.offer(offer, code)
        granted = self.client.parse_request_body_response(answer.text)
        return answer, granted

    def fetch(self, offer, token, dienst=None):
        headers = {"Accept": "application/fhir+json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        query = QUERIES[dienst or offer["dienst"]]
        return self.node.get(f"{offer['resource']}/{query}", headers=headers, timeout=60)


def is_uuid_4(text):
    return str(UUID(text)) == text and UUID(text).version == 4


def collects_by_the_pgo(network, offer, person):
    """A person, from the PGO's first page to the Dossier."""
    start = network.hosts("pgo")[0]["start"]
    browser = Browser(network)
    expect("the PGO offers", browser.go("GET", start), "aanbod")
    found = browser.send(zorgaanbieder=offer["zorgaanbieder"], gegevensdienst=offer["dienst"])
    expect("DigiD asks", found, "inloggen")
    expect("a wrong password is asked again", browser.log_in(person, "fout"), "inloggen")
    expect("and said to be wrong", "data-again" in browser.page.main, True)
    expect("and then comes", browser.log_in(person, network.password), "toestemmingsvraag")
    main = browser.page.main
    asked = (main["data-zorgaanbieder"], main["data-dienst"], main["data-client"])
    wanted = (offer["zorgaanbieder"], offer["dienst"], urlsplit(start).hostname)
    expect("which names whose, what and for whom", asked, wanted)
    expect("consent is given", browser.send(antwoord="ja"), "verzameld")
    stored = browser.page.main["data-number"]
    expect("loaded again", browser.go("GET", browser.url), "verzameld")
    expect("the dossier", browser.go("GET", urljoin(start, "/dossier")), "dossier")
    expect("holds what came", browser.page.main["data-number"], stored)
    shown = browser.page.text.count("Via MedMij, ongewijzigd")
    expect("and shows each", str(shown), stored)
    other = Browser(network)
    expect("of another browser", other.go("GET", urljoin(start, "/dossier")), "geen-sessie")


def collects_by_itself(pgo, offer, person):
    """The same as a PGO sees it, in the forms of RFC 6749 and of the rulebook."""
    code = pgo.code(offer, person)
    expect("a code is a UUID of version 4", is_uuid_4(code), True)
    answer, granted = pgo.token(offer, code)
    expect("a token is too", is_uuid_4(granted["access_token"]), True)
    expect("of type", granted["token_type"].lower(), "bearer")
    expect("for so many seconds", granted["expires_in"], 900)
    expect("without a token to refresh it", "refresh_token" in granted, False)
    expect("that nobody keeps", answer.headers["Cache-Control"], "no-store")
    data = pgo.fetch(offer, granted["access_token"])
    expect("data", (data.status_code, data.json()["resourceType"]), (200, "Bundle"))
    return granted["access_token"]


def is_refused_with_a_page(network, what, url, cause):
    """Exception 1: the person is told, and nobody is sent anywhere."""
    browser = Browser(network)
    found = browser.go("GET", url)
    expect(f"1, {what}", (found, browser.page.main.get("data-cause")), ("ongeldig-verzoek", cause))
    said = (browser.answer.status_code, "Location" in browser.answer.headers, browser.url == url)
    expect("  a page at that address, no redirect", said, (400, False, True))
    expect("  which says invalid_request", "invalid_request" in browser.page.text, True)
    expect("  and lets nobody be logged in", browser.session.cookies.keys(), [])


def sees_exception_1(network, pgo, offer):
    refused = lambda what, cause, **instead: is_refused_with_a_page(
        network, what, pgo.request(offer, **instead), cause
    )
    stranger = "vreemd.example"
    refused("unknown client_id", "client_id", client_id=stranger)
    refused(
        "unknown client_id with its own redirect_uri",
        "client_id",
        client_id=stranger,
        redirect_uri=f"https://{stranger}/callback",
    )
    refused("no client_id", "client_id", client_id=None)
    refused("a token at once", "response_type", response_type="token")
    refused("no state", "state", state=None)
    refused("a scope that is not offered", "scope", scope="1")
    refused("no scope", "scope", scope=None)
    # Each leads elsewhere, or to where a browser would read it so.
    host = pgo.name
    for uri in [
        None,
        f"https://{stranger}/callback",
        f"http://{host}/callback",
        f"https://{host}.{stranger}/callback",
        f"https://{host}@{stranger}/callback",
        f"https://{host}:x@{stranger}/callback",
        f"https://{stranger}\\@{host}/callback",
        f"https://{stranger}%2f@{host}/callback",
        f"https://{stranger}#@{host}/callback",
        f"https://{host}/callback#deel",
        f"https://{host}/callback?deel=1",
        f"https://{host}:8443/callback",
        f"https:{host}/callback",
        f"//{host}/callback",
        f" https://{host}/callback",
        f"https://{host}\r\nLocation: https://{stranger}/",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        f"https://{host}" + "/x" * 2_000,
    ]:
        refused(f"redirect_uri {str(uri)[:60]!r}", "redirect_uri", redirect_uri=uri)
    twice = f"{pgo.request(offer)}&redirect_uri=https%3A%2F%2F{stranger}%2F"
    browser = Browser(network)
    expect("1, redirect_uri twice", browser.go("GET", twice), "niet-bediend")
    expect("  no redirect", (browser.answer.status_code, browser.url), (400, twice))
    stop = urljoin(network.hosts("pgo")[0]["start"], "/stop")
    expect("1, the person has the PGO stop", browser.go("GET", stop), "gestopt")


def is_sent_back(what, browser, **error):
    """Exceptions 2 to 5: RFC 6749 §4.1.2.1 with these parameters and no other, each once."""
    wanted = {name: [value] for name, value in {**error, "state": STATE}.items()}
    expect(what, browser.sent(), wanted)


def sees_exceptions_2_to_5(network, pgo, offer, person, empty):
    password = network.password
    browser = pgo.begin(offer)
    expect("the login is cancelled", browser.send(form=1), "teruggestuurd")
    is_sent_back("2", browser, error="unauthorized_client")

    browser = pgo.begin(offer)
    tries = [browser.log_in(person, "fout") for _ in range(3)]
    expect("three wrong passwords", tries, ["inloggen", "inloggen", "teruggestuurd"])
    is_sent_back("2", browser, error="unauthorized_client")

    browser = Browser(network, halt="/elders/terug?")
    browser.go("GET", pgo.request(offer, redirect_uri=f"https://{pgo.name}/elders/terug"))
    expect("cancelled, with a callback elsewhere", browser.send(form=1), "teruggestuurd")
    expect("which is where it leads", urlsplit(browser.url)[:3], ("https", pgo.name, "/elders/terug"))
    is_sent_back("2", browser, error="unauthorized_client")

    nothing, nobody = empty
    browser = pgo.begin(nothing)
    expect("there is nothing", browser.log_in(nobody, password), "teruggestuurd")
    is_sent_back(
        "3", browser, error="access_denied", error_description="No such resources."
    )

    browser = pgo.begin(offer)
    expect("the question", browser.log_in(person, password), "toestemmingsvraag")
    expect("consent is refused", browser.send(antwoord="nee"), "teruggestuurd")
    is_sent_back("4", browser, error="access_denied", error_description="Authorization denied.")

    browser = pgo.begin(offer)
    with network.down("xis"):
        found = browser.log_in(person, password)
    expect("nobody knows whether there is anything", found, "teruggestuurd")
    is_sent_back("5", browser, error="access_denied", error_description="Authorization failed.")


def is_no_grant(what, pgo, answer):
    """Exception 6: RFC 6749 §5.2."""
    said = (answer.status_code, answer.headers["Content-Type"], answer.json())
    expect(f"6, {what}", said, (400, "application/json", {"error": "invalid_grant"}))
    try:
        pgo.client.parse_request_body_response(answer.text)
        sys.exit(f"{what}: expected oauthlib to find invalid_grant, found a token")
    except InvalidGrantError:
        pass


def sees_exception_6(pgo, other, offer, person):
    is_no_grant("a code that nobody issued", pgo, pgo.offer(offer, str(uuid4())))
    is_no_grant("one that is no UUID", pgo, pgo.offer(offer, "../../code"))

    code = pgo.code(offer, person)
    by_other = other.offer(offer, code, redirect=pgo.redirect)
    is_no_grant("a code by another client, in its own name", pgo, by_other)

    code = pgo.code(offer, person)
    is_no_grant("by another client, in the name of the first", pgo, pgo.offer(offer, code, by=other))

    code = pgo.code(offer, person)
    named = pgo.offer(offer, code, name=other.name)
    is_no_grant("by its client, in the name of another", pgo, named)

    code = pgo.code(offer, person)
    led = pgo.offer(offer, code, redirect=f"https://{pgo.name}/elders")
    is_no_grant("with another redirect_uri", pgo, led)


def is_issue(what, answer, status, code):
    """Exceptions 7 and 8: a FHIR OperationOutcome with one issue."""
    outcome = answer.json()
    issues = [(issue["severity"], issue["code"]) for issue in outcome["issue"]]
    said = (answer.status_code, answer.headers["Content-Type"], outcome["resourceType"], issues)
    wanted = (status, "application/fhir+json", "OperationOutcome", [("error", code)])
    expect(what, said, wanted)


def is_suppressed(what, answer):
    is_issue(f"7, {what}", answer, 401, "suppressed")
    challenge = answer.headers.get("WWW-Authenticate", "")
    expect("  with a challenge", challenge.split(" ")[0], "Bearer")


def sees_exceptions_7_and_8(network, pgo, other, offer, elsewhere, token):
    is_suppressed("a token that nobody issued", pgo.fetch(offer, str(uuid4())))
    is_suppressed("no token", pgo.fetch(offer, None))
    is_suppressed("one that is no UUID", pgo.fetch(offer, "' or 1=1"))
    is_suppressed("data of another service", pgo.fetch(offer, token, dienst="49"))
    is_suppressed("at another gateway", pgo.fetch(elsewhere, token))
    with network.down("xis"):
        is_issue("8", pgo.fetch(offer, token), 502, "incomplete")
    expect("and then", pgo.fetch(offer, token).status_code, 200)


def offers_twice(pgo, other, offer, elsewhere, person):
    """What no client may do (APP 12), and the other end must bear. The twin's verdict tells of it."""
    code = pgo.code(offer, person)
    _, granted = pgo.token(offer, code)
    token = granted["access_token"]
    is_no_grant("a code offered twice", pgo, pgo.offer(offer, code))
    is_suppressed("what it had led to is taken back", pgo.fetch(offer, token))

    code = pgo.code(offer, person)
    by_other = other.offer(offer, code, redirect=pgo.redirect)
    is_no_grant("a code by another client", pgo, by_other)
    is_no_grant("and then by its own, since it was offered", pgo, pgo.offer(offer, code))

    code = pgo.code(offer, person)
    is_no_grant("at another gateway", pgo, pgo.offer(elsewhere, code))
    _, granted = pgo.token(offer, code)
    expect("where it came from it still counts", is_uuid_4(granted["access_token"]), True)


def is_kept_out(network, offer):
    """NET 2: nobody comes in by the back without a certificate of the network."""
    for what, method, url in [
        ("the token endpoint", "POST", offer["token"]),
        ("the resource endpoint", "GET", f"{offer['resource']}/{QUERIES[offer['dienst']]}"),
    ]:
        try:
            network.session().request(method, url, timeout=60)
            found = "an answer"
        except requests.exceptions.ConnectionError:
            found = "no session"
        expect(f"{what} without a certificate", found, "no session")


def replays(network, pgo, offer, person):
    """Artifacts, codes and forms, once more or in another's browser."""
    password = network.password
    # An artifact, caught before it was used.
    victim = pgo.begin(offer)
    victim.halt = "SAMLart="
    expect("DigiD sends an artifact", victim.log_in(person, password), "teruggestuurd")
    artifact, caught = victim.sent()["SAMLart"][0], victim.url
    expect("in another browser", Browser(network).go("GET", caught), "geen-sessie")

    thief = pgo.begin(offer)
    thief.halt = "SAMLart="
    expect("a thief is sent one too", thief.log_in(person, password), "teruggestuurd")
    thief.halt = f"{pgo.redirect}?"
    stolen = {"SAMLart": artifact, "RelayState": thief.sent()["RelayState"][0]}
    url = requests.Request("GET", thief.url.split("?")[0], params=stolen).prepare().url
    expect("who shows the other's in his own session", thief.go("GET", url), "teruggestuurd")
    is_sent_back("2", thief, error="unauthorized_client")

    # It was resolved, by the wrong session, and is worth nothing any more.
    victim.halt = f"{pgo.redirect}?"
    expect("an artifact is resolved once", victim.go("GET", caught), "teruggestuurd")
    is_sent_back("2", victim, error="unauthorized_client")

    # An artifact that was used, by the browser that used it.
    browser = pgo.begin(offer)
    browser.halt = "SAMLart="
    browser.log_in(person, password)
    browser.halt, used = f"{pgo.redirect}?", browser.url
    expect("an artifact that is used", browser.go("GET", used), "toestemmingsvraag")
    expect("loaded again gives the same question", browser.go("GET", used), "toestemmingsvraag")
    question = browser.page
    expect("consent is given", browser.send(antwoord="ja"), "teruggestuurd")
    back = browser.url
    expect("loaded again gives the same answer", browser.go("GET", used), "teruggestuurd")
    expect("with the same code", browser.url, back)
    browser.page, browser.url = question, used
    browser.send(antwoord="nee")
    expect("and a no after a yes changes nothing", browser.url, back)

    browser = pgo.begin(offer)
    browser.log_in(person, password)
    browser.page.forms[0]["hidden"]["csrf"] = str(uuid4())
    expect("a yes that no page of theirs had", browser.send(antwoord="ja"), "teruggestuurd")
    is_sent_back("5", browser, error="access_denied", error_description="Authorization failed.")

    # The end of a flow at the PGO's own program, in another's browser.
    host = network.hosts("pgo")[0]
    browser = Browser(network, halt="/callback?")
    browser.go("GET", host["start"])
    browser.send(zorgaanbieder=offer["zorgaanbieder"], gegevensdienst=offer["dienst"])
    browser.log_in(person, password)
    expect("a flow at the PGO", browser.send(antwoord="ja"), "teruggestuurd")
    callback = browser.url
    thief = Browser(network)
    expect("its callback elsewhere", thief.go("GET", callback), "geen-sessie")
    thief.go("GET", host["start"])
    expect("also in a session of its own", thief.go("GET", callback), "geen-sessie")
    forged = callback.replace(browser.sent()["state"][0], str(uuid4()))
    browser.halt = None
    expect("and with another state", browser.go("GET", forged), "geen-sessie")
    expect("where it belongs", browser.go("GET", callback), "verzameld")
    stored = browser.page.main["data-number"]
    expect("and replayed", browser.go("GET", callback), "verzameld")
    expect("without collecting again", browser.page.main["data-number"], stored)


def spoilt(message):
    """A signed message as somebody would have it who wants to be read wrongly, by what he does."""
    root = message[message.index("<samlp:") :]
    tag = root[1 : root.index(" ")]
    issuer = "<saml:Issuer>"
    own = root[root.index(issuer) + len(issuer) : root.index("</saml:Issuer>")]
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    spaces = root[root.index("xmlns:samlp") : root.index(" ID=")]
    return {
        "entities that grow": f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]>{root.replace(own, "&l9;")}',
        "an entity of a file": f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>{root.replace(own, "&f;")}',
        "another issuer": root.replace(own, "https://vreemd.example"),
        "a comment in the issuer": root.replace(own, f"{own[:12]}<!-- -->{own[12:]}"),
        "a signature about what it wraps": f'<{tag} {spaces} ID="_vals" Version="2.0" IssueInstant='
        f'"2026-01-01T00:00:00Z"><saml:Issuer>{own}</saml:Issuer><samlp:Extensions>{root}</samlp:Extensions></{tag}>',
        "no end": root[: len(root) // 2],
        "depth": "<a>" * 20_000,
        "no XML": "\x00\xff",
        "much more of nothing": root.replace(own, own + " " * 262_144),
    }


def is_refused_soon(what, answer):
    seconds = answer.elapsed.total_seconds()
    expect(f"{what} is refused", 400 <= answer.status_code < 500, True)
    expect("  soon", seconds < 5 or seconds, True)


def meddles_with_saml(network, pgo, offer, person):
    """What browsers and nodes bring to DigiD is read strictly, and others go on meanwhile."""
    other = pgo.begin(offer)
    browser = Browser(network, halt=f"{pgo.redirect}?", script=False)
    expect("a request for DigiD", browser.go("GET", pgo.request(offer)), "doorsturen")
    form = browser.page.forms[0]
    action = urljoin(browser.url, form["action"])
    message = b64decode(form["hidden"]["SAMLRequest"]).decode()
    post = lambda text: Browser(network).session.post(
        action,
        data={**form["hidden"], "SAMLRequest": b64encode(text.encode())},
        allow_redirects=False,
        timeout=60,
    )
    for what, text in spoilt(message).items():
        is_refused_soon(f"an AuthnRequest with {what}", post(text))

    digid = network.hosts("digid")[0]
    with open(digid["saml_metadata"], encoding="utf-8") as file:
        service = next(
            part for part in ElementTree.parse(file).iter() if part.tag.endswith("}ArtifactResolutionService")
        )
    _, node = network.node(network.hosts("za")[0])
    resolve = (
        f'<samlp:ArtifactResolve {message[message.index("xmlns:samlp") : message.index(" ID=")]} ID="_a" '
        f'Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer>https://vreemd.example</saml:Issuer>'
        "<samlp:Artifact>AAQAAA==</samlp:Artifact></samlp:ArtifactResolve>"
    )
    for what, text in spoilt(resolve).items():
        body = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>' + text
        answer = node.post(
            service.get("Location"),
            data=f"{body}</e:Body></e:Envelope>".encode(),
            headers={"Content-Type": "text/xml"},
            timeout=60,
        )
        is_refused_soon(f"an ArtifactResolve with {what}", answer)

    for who, they in [("whoever it was taken from", browser), ("another meanwhile", other)]:
        if they is browser:
            they.script = True
            expect("the same request as it was", they.send(), "inloggen")
        they.log_in(person, network.password)
        expect(f"{who} consents", they.send(antwoord="ja"), "teruggestuurd")
        expect("  and is sent back with a code", "code" in they.sent(), True)


def find_persons(network, pgo, offers):
    """An offer and a person for whom there is something, and such a pair for whom there is nothing."""
    full = empty = None
    for offer, person in product(offers, network.persons):
        if full and empty:
            break
        found = pgo.begin(offer).log_in(person, network.password)
        if found == "toestemmingsvraag":
            full = full or (offer, person)
        else:
            empty = empty or (offer, person)
    if not (full and empty):
        sys.exit("test persons: expected one with data and one without, found none")
    return full, empty


def main():
    network = Network(sys.argv[1])
    network.lead_here()
    pgo, other = (Pgo(network, host) for host in network.hosts("pgo")[:2])
    offers = [offer for offer in network.zal(pgo.node) if offer["dienst"] == "51"]
    (offer, person), empty = find_persons(network, pgo, offers)
    gateway = urlsplit(offer["token"]).hostname
    elsewhere = next(each for each in offers if urlsplit(each["token"]).hostname != gateway)

    if sys.argv[2:] == ["--offer-twice"]:
        offers_twice(pgo, other, offer, elsewhere, person)
        return
    collects_by_the_pgo(network, offer, person)
    token = collects_by_itself(pgo, offer, person)
    sees_exception_1(network, pgo, offer)
    sees_exceptions_2_to_5(network, pgo, offer, person, empty)
    sees_exception_6(pgo, other, offer, person)
    sees_exceptions_7_and_8(network, pgo, other, offer, elsewhere, token)
    is_kept_out(network, offer)
    replays(network, pgo, offer, person)
    meddles_with_saml(network, pgo, offer, person)
    print("all eight exceptions were seen")


if __name__ == "__main__":
    main()
