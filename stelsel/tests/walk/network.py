"""What a stranger is given of a running twin: endpoints.json, the lists that everybody reads, and the console.

Knows nothing of stelsel beside those. Does not walk anywhere: walk.py and browser.py do.
"""

import json
import sys
from contextlib import contextmanager
from xml.etree import ElementTree

import requests
from urllib3.util import connection as sockets

ZAL = "MedMij_Zorgaanbiederslijst.xml"


def expect(what, found, wanted):
    """Says what was seen; ends the walk if it is not what the rulebook has."""
    print(f"{what}: {found}", flush=True)
    if found != wanted:
        sys.exit(f"{what}: expected {wanted}, found {found}")


class Network:
    """A running twin, by its endpoints.json."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.endpoints = json.load(file)
        if "console" not in self.endpoints:
            sys.exit(f'{path}: expected a "console", by which systems are taken down; found none')
        self.console = self.endpoints["console"].rstrip("/")
        self.ca = self.endpoints["ca"]
        self.persons = [person["account"] for person in self.endpoints["test_persons"]]
        self.password = self.endpoints["test_persons"][0]["password"]

    def hosts(self, role):
        return [host for host in self.endpoints["hosts"] if host["role"] == role]

    def name(self, role, door):
        """The first name of that role that is entered so."""
        doors = [name for host in self.hosts(role) for name in host["names"] if name["door"] == door]
        return doors[0]["name"]

    def lead_here(self):
        """Has every name lead to where the twin listens, as a hosts file with ports would."""
        ports = {}
        for host in self.endpoints["hosts"]:
            for name in host["names"]:
                ports[name["name"]] = (name["address"], name["port"])
        plain = sockets.create_connection

        def create(address, *rest, **more):
            return plain(ports.get(address[0], address), *rest, **more)

        sockets.create_connection = create

    def session(self):
        """Trusts what the twin's folder says, and not what this machine does."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ca
        return session

    def node(self, pgo):
        """The name of a PGO, and a session that shows its certificate."""
        own = next(name for name in pgo["names"] if "key" in name)
        session = self.session()
        session.cert = (own["certificate"], own["key"])
        return own["name"], session

    def zal(self, node):
        """Who offers what and where, as the stelselnode tells a PGO."""
        answer = node.get(f"https://{self.name('stelselnode', 'back')}/{ZAL}", timeout=60)
        answer.raise_for_status()
        root = ElementTree.fromstring(answer.content)
        space = root.tag[: root.tag.index("}") + 1]
        offers = []
        for zorgaanbieder in root.iter(f"{space}Zorgaanbieder"):
            for dienst in zorgaanbieder.iter(f"{space}Gegevensdienst"):
                text = lambda name, of=dienst: next(of.iter(space + name)).text
                offers.append(
                    {
                        "zorgaanbieder": text("Zorgaanbiedernaam", zorgaanbieder),
                        "dienst": text("GegevensdienstId"),
                        "authorization": text("AuthorizationEndpointuri"),
                        "token": text("TokenEndpointuri"),
                        "resource": text("ResourceEndpointuri"),
                    }
                )
        return offers

    @contextmanager
    def down(self, host):
        """Those hosts do not answer, for as long as this lasts."""
        answer = requests.post(
            f"{self.console}/api/faults", json={"host": host, "kind": "down"}, timeout=60
        )
        expect(f"{host} is taken down", answer.status_code, 201)
        try:
            yield
        finally:
            fault = answer.json()["id"]
            answer = requests.delete(f"{self.console}/api/faults/{fault}", timeout=60)
            expect(f"{host} is back", answer.status_code, 204)
