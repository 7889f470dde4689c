"""Walks from a PGO of a twin through a gateway that somebody else plays, whose pages are its own.

    python3 partner.py DIR/endpoints.json za-1

Collects, and sees exceptions 1 to 4 as the PGO tells the person of them. Knows of the gateway's pages only that there is a
form to go on with and that consent is answered by ja or nee. Says what it saw, and ends with 1 if it was not what the
rulebook has.
"""

import sys
from urllib.parse import urlsplit

import requests
from network import Network, expect
from walk import STATE, Browser, Pgo


class Person:
    """Somebody at a browser without script, with one wish."""

    def __init__(self, network, offer):
        self.network, self.offer = network, offer
        self.browser = Browser(network, script=False)

    def comes_to_digid(self):
        self.browser.go("GET", self.network.hosts("pgo")[0]["start"])
        self.browser.send(zorgaanbieder=self.offer["zorgaanbieder"], gegevensdienst=self.offer["dienst"])
        return self.browser.send()

    def is_asked(self):
        return "antwoord" in self.browser.page.forms[0]["names"] if self.browser.page.forms else False

    def was_told(self):
        return self.browser.page.main.get("data-page"), self.browser.page.main.get("data-cause")


def main():
    network, gateway = Network(sys.argv[1]), sys.argv[2]
    network.lead_here()
    pgo = Pgo(network, network.hosts("pgo")[0])
    names = [named["name"] for host in network.hosts("za") if host["name"] == gateway for named in host["names"]]
    offers = [offer for offer in network.zal(pgo.node) if urlsplit(offer["token"]).hostname in names]

    stored = {}
    for person in network.persons:
        for offer in offers[:2]:
            somebody = Person(network, offer)
            expect("DigiD asks who is there", somebody.comes_to_digid(), "inloggen")
            somebody.browser.log_in(person, network.password)
            what = f"person {person}, service {offer['dienst']}"
            if not somebody.is_asked():
                expect(f"{what}: there is nothing", somebody.was_told(), ("niet-gelukt", "3"))
                stored.setdefault("3", what)
                continue
            if "4" not in stored:
                somebody.browser.send(antwoord="nee")
                expect(f"{what}: refuses", somebody.was_told(), ("niet-gelukt", "4"))
                stored["4"] = what
                continue
            somebody.browser.send(antwoord="ja")
            expect(f"{what}: collects", somebody.was_told()[0], "verzameld")
            stored.setdefault(offer["dienst"], what)
    expect("what was seen", sorted(stored), ["3", "4", "49", "51"])

    somebody = Person(network, offers[0])
    somebody.comes_to_digid()
    forms = somebody.browser.page.forms
    cancel = next(place for place, form in enumerate(forms) if "annuleren" in form["action"])
    somebody.browser.send(cancel)
    expect("who cancels at DigiD", somebody.was_told(), ("niet-gelukt", "2"))

    wrong = {"response_type": "code", "client_id": "vreemd.example", "redirect_uri": "https://vreemd.example/terug"}
    wrong = {**wrong, "scope": offers[0]["dienst"], "state": STATE}
    url = requests.Request("GET", offers[0]["authorization"], params=wrong).prepare().url
    stranger = Browser(network, script=False)
    stranger.go("GET", url)
    found = (stranger.answer.status_code, "Location" in stranger.answer.headers)
    expect("a client that nobody knows gets a page", found, (400, False))


if __name__ == "__main__":
    main()
