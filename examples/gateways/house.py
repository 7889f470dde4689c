"""What every gateway of the network needs, whichever it is: names and certificates out of the folder that a twin gives to
whoever plays a host, TLS at both ends with OCSP (NET 1, 2, 3), and lists that are fetched, of which the Whitelist is validated
here (APP 20 to 22, NET 5). Written from the rulebook with ordinary libraries; knows nothing of stelsel but that folder.

Does not know what gateways say to each other.
"""

import base64
import http.client
import json
import re
import socket
import ssl
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from lxml import etree

WHITELIST = "MedMij_Whitelist.xml"
# What the NCSC calls good: TLS 1.3, and of 1.2 what has ECDHE and authenticated encryption.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
# What it does not: suites of TLS 1.2 and before that have no authenticated encryption.
WEAK = "ECDHE+AES"
# OpenSSL's flag for certificates of any time.
NO_CHECK_TIME = 0x200000
HOUR = 3_600
LARGEST = 1 << 20


class Silent(OSError):
    """The responder says nothing about a certificate."""


def xml(text):
    """XML of somebody else: no DOCTYPE, no entities, nothing from the network."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=False)
    root = etree.fromstring(text, parser)
    if root.getroottree().docinfo.doctype or root.xpath("//comment()"):
        raise ValueError("a DOCTYPE or a comment")
    return root


class House:
    """The folder of a host, `DIR/external/za-1` of a twin: who one is, and where the others are."""

    def __init__(self, folder, faults=()):
        self.folder, self.faults = Path(folder), frozenset(faults)
        told = json.loads((self.folder.parent.parent / "endpoints.json").read_text())
        hosts = {host["name"]: host for host in told["hosts"]}
        self.front, self.back = None, None
        for named in hosts[self.folder.name]["names"]:
            if named["door"] == "front":
                self.front = named["name"]
            else:
                self.back = named["name"]
        self.where = {
            named["name"]: (named["address"], named["port"]) for host in hosts.values() for named in host["names"]
        }
        # A PGO has one name, by which it asks too.
        self.own = self.back or self.front
        self.ca = str(self.folder / "ca.pem")
        chain = x509.load_pem_x509_certificates((self.folder / f"{self.own}.pem").read_bytes())
        self.issuer = chain[1]
        self.stelselnode = next(
            named["name"]
            for host in hosts.values()
            if host["role"] == "stelselnode"
            for named in host["names"]
            if named["door"] == "back"
        )
        self.whitelist, self.number, self.advanced, self.pinned = frozenset(), 0, 0.0, {}
        self.take_whitelist((self.folder / WHITELIST).read_bytes())

    def now(self):
        """Seconds by the clock that ages are measured with, which the control door can make later."""
        return time.monotonic() + self.advanced

    # Lists

    def take_whitelist(self, text):
        """Uses a Whitelist if it is valid and no older than what is used (APP 22)."""
        root = xml(text)
        space = root.tag[: root.tag.index("}") + 1]
        children = [child.tag for child in root]
        expected = [f"{space}{name}" for name in ("Tijdstempel", "Volgnummer", "MedMijNodes")]
        if root.tag != f"{space}Whitelist" or (children != expected and "whitelist-not-validated" not in self.faults):
            raise ValueError("no valid Whitelist")
        number = int(root.find(f"{space}Volgnummer").text)
        hosts = [node.text or "" for node in root.iter(f"{space}Hostname")]
        # In release 1.0 a MedMijNode is its hostname, later it has one.
        hosts += [node.text or "" for node in root.iter(f"{space}MedMijNode") if not len(node)]
        names = {host.strip() for host in hosts if host.strip()}
        if not names or not all(re.fullmatch(r"[a-z0-9.-]+\.[a-z0-9-]{2,}", name) for name in names):
            raise ValueError("no hostnames, or what is none")
        if number >= self.number:
            self.whitelist, self.number = frozenset(names), number

    def fetch_list(self, name):
        answer = self.ask(self.stelselnode, "GET", f"/{name}")
        if answer.status != 200:
            raise OSError(f"{name}: status {answer.status}")
        return answer.body

    def keep(self, name, take):
        """Fetches a list well within every hour (APP 17, APP 21), for as long as the program runs."""

        def keep():
            due = self.now()
            while True:
                if self.now() >= due:
                    due = self.now() + HOUR / 4
                    try:
                        take(self.fetch_list(name))
                    except (OSError, ValueError, etree.XMLSyntaxError, http.client.HTTPException) as fault:
                        print(f"{name} is not renewed: {fault}", flush=True)
                time.sleep(0.2)

        threading.Thread(target=keep, daemon=True).start()

    # Certificates

    def connect(self, name, port):
        return socket.create_connection(self.where.get(name, (name, port)), timeout=10)

    def is_good(self, certificate):
        """NET 3: its certificate authority says so now. No answer is no."""
        if "ocsp-ignored" in self.faults:
            return True
        try:
            return self.status(x509.load_der_x509_certificate(certificate)) == ocsp.OCSPCertStatus.GOOD
        except Silent as fault:
            print(f"no OCSP answer: {fault!r}", flush=True)
            return "ocsp-silence-taken" in self.faults
        except (ValueError, StopIteration, InvalidSignature, x509.ExtensionNotFound) as fault:
            print(f"no OCSP answer that counts: {fault!r}", flush=True)
            return False

    def status(self, certificate):
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        url = next(
            one.access_location.value for one in access if one.access_method == AuthorityInformationAccessOID.OCSP
        )
        query = ocsp.OCSPRequestBuilder().add_certificate(certificate, self.issuer, hashes.SHA1()).build()
        at = urlsplit(url)
        try:
            line = http.client.HTTPConnection(at.hostname, timeout=5)
            line.sock = self.connect(at.hostname, 80)
            line.request(
                "POST", at.path, query.public_bytes(Encoding.DER), {"Content-Type": "application/ocsp-request"}
            )
            said = line.getresponse()
            body = said.read(LARGEST)
            line.close()
        except (OSError, http.client.HTTPException) as fault:
            raise Silent(str(fault)) from fault
        if said.status != 200:
            raise Silent(f"status {said.status}")
        answer = ocsp.load_der_ocsp_response(body)
        if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise ValueError(f"OCSP: {answer.response_status}")
        if answer.serial_number != certificate.serial_number:
            raise ValueError("an OCSP answer about another certificate")
        now = datetime.now(timezone.utc)
        # Whole seconds only (RFC 6960): what was said in this second counts.
        is_of_now = answer.this_update_utc <= now + timedelta(seconds=1) and now <= answer.next_update_utc
        if not is_of_now and "ocsp-old-taken" not in self.faults:
            raise ValueError("an OCSP answer of another time")
        signer = answer.certificates[0] if answer.certificates else self.issuer
        if signer != self.issuer:
            signer.verify_directly_issued_by(self.issuer)
            usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
                raise ValueError("an OCSP answer of who may not give any")
        if "ocsp-forged-taken" in self.faults:
            return answer.certificate_status
        verify(signer.public_key(), answer.signature, answer.tbs_response_bytes, answer.signature_hash_algorithm)
        return answer.certificate_status

    # Asking

    def is_known(self, name, sock):
        if "certificate-pinned" not in self.faults:
            return True
        number = sock.getpeercert()["serialNumber"]
        return self.pinned.setdefault(name, number) == number

    def context(self):
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.load_cert_chain(self.folder / f"{self.own}.pem", self.folder / f"{self.own}.key.pem")
        if "any-name-trusted" in self.faults:
            context.check_hostname = False
        if "any-chain-trusted" in self.faults:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if "expired-trusted" in self.faults:
            context.verify_flags |= NO_CHECK_TIME
        return context

    def ask(self, name, method, path, body=None, headers=None):
        """A request to a host on the back channel, with the certificate that says who asks."""
        line = http.client.HTTPSConnection(name, timeout=10)
        line.sock = self.context().wrap_socket(self.connect(name, 443), server_hostname=name)
        try:
            if not self.is_good(line.sock.getpeercert(binary_form=True)) or not self.is_known(name, line.sock):
                raise OSError(f"the certificate of {name} is not good")
            line.request(method, path, body, headers or {})
            answer = line.getresponse()
            answer.body = answer.read(LARGEST)
            return answer
        finally:
            line.close()

    # Being asked

    def serve(self, address, handlers):
        """Serves until the program ends, by each name with a handler of its own."""
        host, port = address.rsplit(":", 1)
        Server((host, int(port)), self, handlers).serve_forever()

    def presented(self, name):
        """The files of the certificate that is shown by a name, and of its key."""
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key.pem"
        is_own = "own-certificate" in self.faults or name == self.back and "own-certificate-behind" in self.faults
        return made_by_itself(name) if is_own else files

    def steered(self, address, **switches):
        """A control door without TLS, as a test build may have one: `advance=SECONDS` makes the clocks that ages are measured
        with so much later, and a switch by name is told its value."""

        def advance(seconds):
            self.advanced += float(seconds)

        class Control(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()))
                try:
                    for name, value in form.items():
                        {"advance": advance, **switches}[name](value)
                    self.send_response(204)
                except (KeyError, ValueError) as fault:
                    self.send_response(400, str(fault))
                self.end_headers()

        host, port = address.rsplit(":", 1)
        door = ThreadingHTTPServer((host, int(port)), Control)
        threading.Thread(target=door.serve_forever, daemon=True).start()


def verify(key, signature, message, algorithm):
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, message, padding.PKCS1v15(), algorithm)
    else:
        key.verify(signature, message, ec.ECDSA(algorithm))


def made_by_itself(name):
    """A certificate that nobody vouches for, and its key, in files of their own."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = Path(tempfile.mkdtemp())
    (folder / "own.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "own.key.pem").write_bytes(secret)
    return folder / "own.pem", folder / "own.key.pem"


def sought(sock):
    """The name that a client seeks, out of its ClientHello, which stays unread (RFC 6066 section 3): what is demanded of it
    depends on the door."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        hello = sock.recv(4_096, socket.MSG_PEEK)
        if not hello:
            return None
        if len(hello) >= 5 and len(hello) >= min(4_096, 5 + int.from_bytes(hello[3:5], "big")):
            break
        time.sleep(0.01)
    try:
        at = 43 + 1 + hello[43]
        at += 2 + int.from_bytes(hello[at : at + 2], "big")
        at += 1 + hello[at]
        end = at + 2 + int.from_bytes(hello[at : at + 2], "big")
        at += 2
        while at < end:
            kind, size = int.from_bytes(hello[at : at + 2], "big"), int.from_bytes(hello[at + 2 : at + 4], "big")
            if kind == 0:
                return hello[at + 9 : at + 4 + size].decode("ascii")
            at += 4 + size
    except (IndexError, UnicodeDecodeError):
        pass
    return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, house, doors):
        self.house, self.handlers, self.contexts, self.pinned = house, doors, {}, {}
        for name in doors:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(CIPHERS)
            context.load_cert_chain(*house.presented(name))
            if "old-tls" in house.faults:
                context.minimum_version = ssl.TLSVersion.TLSv1_1
                context.set_ciphers(f"{CIPHERS}:{WEAK}:@SECLEVEL=0")
            if "insufficient-suites" in house.faults:
                context.set_ciphers(f"{CIPHERS}:eNULL:aNULL:@SECLEVEL=0")
            if name == house.back:
                context.load_verify_locations(house.ca)
                context.verify_mode = ssl.CERT_REQUIRED
                if "weak-cipher" in house.faults:
                    context.set_ciphers(f"{CIPHERS}:{WEAK}")
                if "no-certificate-needed" in house.faults:
                    context.verify_mode = ssl.CERT_OPTIONAL
                if "expired-certificate-taken" in house.faults:
                    context.verify_flags |= NO_CHECK_TIME
            self.contexts[name] = context
        super().__init__(address, None)

    def finish_request(self, sock, address):
        sock.settimeout(20)
        if "plain-http" in self.house.faults and sock.recv(1, socket.MSG_PEEK) != b"\x16":
            self.handlers[self.house.front](sock, address, self, None)
            return
        if "ssl-3" in self.house.faults and sock.recv(3, socket.MSG_PEEK) == b"\x16\x03\x00":
            # A ServerHello with RSA, AES and SHA: no library speaks it any more.
            hello = b"\x03\x00" + bytes(32) + b"\x00\x00\x2f\x00"
            message = b"\x02\x00" + len(hello).to_bytes(2, "big") + hello
            sock.sendall(b"\x16\x03\x00" + len(message).to_bytes(2, "big") + message)
            return
        name = sought(sock)
        if name not in self.handlers:
            return
        try:
            with self.contexts[name].wrap_socket(sock, server_side=True) as tls:
                peer = self.admitted(tls) if name == self.house.back else None
                is_open = "no-certificate-needed" in self.house.faults
                if name != self.house.back or peer or is_open and not tls.getpeercert():
                    self.handlers[name](tls, address, self, peer)
        except (OSError, ssl.SSLError):
            pass

    def admitted(self, tls):
        """NET 3 and NET 5, before any byte of HTTP: who it is, if that is somebody on the Whitelist."""
        names = [text for kind, text in (tls.getpeercert() or {}).get("subjectAltName", ()) if kind == "DNS"]
        is_listed = names and names[0] in self.house.whitelist or "whitelist-ignored" in self.house.faults
        if "certificate-pinned" in self.house.faults and names:
            serial = tls.getpeercert()["serialNumber"]
            is_listed = is_listed and self.pinned.setdefault(names[0], serial) == serial
        if is_listed and self.house.is_good(tls.getpeercert(binary_form=True)):
            return names[0]
        print(f"turned away: {names}", flush=True)
        return None

    def handle_error(self, request, address):
        print(f"a request from {address} failed: {sys.exc_info()[1]!r}", flush=True)


def base64_text(data):
    return base64.b64encode(data).decode()
