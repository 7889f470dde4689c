"""Walks through a running twin as a stranger would: a browser of its own, written from the standards, that knows nothing
of stelsel but endpoints.json.

    python3 walk.py DIR/endpoints.json

Collects from PGO to dossier, refuses, cancels, mistypes, and offers a code that nobody issued. Says what it saw, and
ends with 1 if it was not what the rulebook has. Needs `requests` and `oauthlib`.
"""

import json
import sys
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests
from oauthlib.oauth2 import InvalidGrantError, WebApplicationClient
from urllib3.util import connection as sockets


class Forms(HTMLParser):
    """The forms of a page, and what its <main> says of it."""

    def __init__(self, text):
        super().__init__()
        self.main, self.forms, self.title = {}, [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "html":
            assert attributes.get("lang") == "nl", "a page that does not say its language"
        if tag == "main":
            self.main = attributes
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "hidden": {}, "names": []})
        if tag in ("input", "select", "button") and self.forms and "name" in attributes:
            form = self.forms[-1]
            form["names"].append(attributes["name"])
            if attributes.get("type") == "hidden":
                form["hidden"][attributes["name"]] = attributes.get("value", "")


class Browser:
    """Cookies, redirects and forms over real TLS. Names lead to the twin, as a hosts file with ports would have them."""

    def __init__(self, endpoints):
        self.session = requests.Session()
        # Not what this machine trusts, but what the twin's folder says.
        self.session.trust_env = False
        self.session.verify = endpoints["ca"]
        self.session.headers["Accept"] = "text/html"
        self.page, self.url = None, None

    def go(self, method, url, data=None):
        answer = self.session.request(method, url, data=data, timeout=60)
        self.url, self.status = answer.url, answer.status_code
        self.page = Forms(answer.text)
        # A form that sends itself where there is script.
        if self.page.main.get("data-page") == "doorsturen":
            return self.send()
        return self.page.main.get("data-page")

    def send(self, form=0, **fields):
        form = self.page.forms[form]
        for name in fields:
            assert name in form["names"], f"no field {name} in {form['names']}"
        return self.go("POST", urljoin(self.url, form["action"]), {**form["hidden"], **fields})


def lead_to(endpoints):
    """Every name leads to where the twin listens."""
    ports = {}
    for host in endpoints["hosts"]:
        for name in host["names"]:
            ports[name["name"]] = (name["address"], name["port"])
    plain = sockets.create_connection

    def create(address, *rest, **more):
        return plain(ports.get(address[0], address), *rest, **more)

    sockets.create_connection = create


def expect(what, found, wanted):
    print(f"{what}: {found}")
    if found != wanted:
        sys.exit(f"{what}: expected {wanted}, found {found}")


def begin(endpoints, zorgaanbieder, dienst):
    browser = Browser(endpoints)
    start = next(host["start"] for host in endpoints["hosts"] if host["role"] == "pgo")
    expect("the PGO offers", browser.go("GET", start), "aanbod")
    found = browser.send(zorgaanbieder=zorgaanbieder, gegevensdienst=dienst)
    expect("DigiD asks", found, "inloggen")
    return browser, start


def log_in(browser, person, password="welkom"):
    return browser.send(testpersoon=person, wachtwoord=password, niveau="hoog")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        endpoints = json.load(file)
    zorgaanbieder, dienst = sys.argv[2], sys.argv[3]
    lead_to(endpoints)

    # Somebody for whom there is something; the next are tried where there is nothing (exception 3).
    for person in (each["account"] for each in endpoints["test_persons"]):
        browser, start = begin(endpoints, zorgaanbieder, dienst)
        found = log_in(browser, person)
        if found == "toestemmingsvraag":
            break
        expect("there is nothing", found, "niet-gelukt")
    expect("the question names who asks", browser.page.main["data-zorgaanbieder"], zorgaanbieder)
    expect("consent is given", browser.send(antwoord="ja"), "verzameld")
    stored = int(browser.page.main["data-number"])
    expect("the dossier", browser.go("GET", urljoin(start, "/dossier")), "dossier")
    expect("what it holds", int(browser.page.main["data-number"]), stored)

    browser, _ = begin(endpoints, zorgaanbieder, dienst)
    expect("a wrong password is asked again", log_in(browser, person, "fout"), "inloggen")
    expect("and then the question comes", log_in(browser, person), "toestemmingsvraag")
    expect("consent is refused", browser.send(antwoord="nee"), "niet-gelukt")

    browser, _ = begin(endpoints, zorgaanbieder, dienst)
    expect("the login is cancelled", browser.send(form=1), "niet-gelukt")
    expect("which is exception 2", browser.page.main["data-cause"], "2")

    # As a client of the token endpoint, with the PGO's own certificate.
    pgo = next(host for host in endpoints["hosts"] if host["role"] == "pgo")
    own = next(name for name in pgo["names"] if "key" in name)
    client = WebApplicationClient(own["name"])
    back = next(
        name["name"]
        for host in endpoints["hosts"]
        if host["role"] == "za"
        for name in host["names"]
        if name["door"] == "back"
    )
    token = f"https://{back}/token/{zorgaanbieder.removesuffix('@medmij')}"
    body = client.prepare_request_body(
        code="00000000-0000-4000-8000-000000000000",
        redirect_uri=f"https://{own['name']}/callback",
        client_id=own["name"],
    )
    node = requests.Session()
    node.trust_env = False
    answer = node.post(
        token,
        data=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        verify=endpoints["ca"],
        cert=(own["certificate"], own["key"]),
        timeout=60,
    )
    try:
        client.parse_request_body_response(answer.text)
        sys.exit("a code that nobody issued was taken")
    except InvalidGrantError:
        expect("a code that nobody issued (exception 6)", answer.status_code, 400)


if __name__ == "__main__":
    main()
