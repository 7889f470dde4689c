"""Servers that are no gateways, in place of one of a network's: odd.py FOLDER KIND --listen HOST:PORT

KIND is what is wrong: plain (HTTP without TLS), hangs (says nothing), garbage (bytes that mean nothing), redirects (for ever),
huge (a page of 100 MB), drips (a byte a second), forms (each page has a form that leads to the next).
"""

import argparse
import itertools
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

sys.path.insert(0, str(Path(__file__).parents[3] / "examples" / "gateways"))

from house import House

MEGABYTE = b"x" * (1 << 20)
COUNTED = itertools.count()


class Page(BaseHTTPRequestHandler):
    kind, front = None, None

    def __init__(self, sock, address, server, *_):
        super().__init__(sock, address, server)

    def log_message(self, *_):
        pass

    def say(self, status, body, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        number = next(COUNTED)
        if self.kind == "redirects":
            self.say(302, b"", Location=f"https://{self.front}/{number}")
        elif self.kind == "huge":
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(MEGABYTE)
        elif self.kind == "drips":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            while True:
                self.wfile.write(b"x")
                time.sleep(1)
        else:
            self.say(200, f'<form method="post" action="/{number}"><button>Verder</button></form>'.encode())

    do_POST = do_GET


class Raw(BaseRequestHandler):
    kind = None

    def handle(self):
        if self.kind == "garbage":
            self.request.recv(1_000)
            self.request.sendall(os.urandom(10_000))
        else:
            while self.request.recv(1_000):
                pass


class Server(ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("kind", choices=["plain", "hangs", "garbage", "redirects", "huge", "drips", "forms"])
    parser.add_argument("--listen", required=True)
    arguments = parser.parse_args()
    Page.kind = Raw.kind = arguments.kind
    host, port = arguments.listen.rsplit(":", 1)
    if arguments.kind in ("hangs", "garbage"):
        server = Server((host, int(port)), Raw)
        return server.serve_forever()
    if arguments.kind == "plain":
        return ThreadingHTTPServer((host, int(port)), Page).serve_forever()
    house = House(arguments.folder)
    Page.front = house.front
    handlers = {name: Page for name in (house.front, house.back) if name}
    house.serve(arguments.listen, handlers)


if __name__ == "__main__":
    main()
