#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab's servers: each tells its client from which address it came.

HTTP on port 80, one line of plain text on port 7, and with --ssh-banner a greeting
on port 22. One byte on descriptor 3 says that all of them listen.
"""
import os
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def peer(address):
    host = address[0]
    return host[7:] if host.startswith("::ffff:") else host


class Http(BaseHTTPRequestHandler):
    def do_GET(self):
        body = (peer(self.client_address) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return peer(self.client_address)

    def log_message(self, *_):
        pass


class Tell(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall((peer(self.client_address) + "\n").encode())


class Banner(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"SSH-2.0-lab\r\n")
        self.request.recv(256)


class Quiet:
    """A client that leaves early, a probe for one, is no news."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class DualTcp(Quiet, socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()


class DualHttp(Quiet, ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own looks its name up
        self.server_name, self.server_port = "lab", 80


def main():
    servers = [DualHttp(("::", 80), Http), DualTcp(("::", 7), Tell)]
    if "--ssh-banner" in sys.argv[1:]:
        servers.append(DualTcp(("::", 22), Banner))
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    os.write(3, b"\n")
    os.close(3)
    servers[0].serve_forever()


main()
