# SPDX-License-Identifier: LGPL-2.1-or-later
"""A v6guardd that says what a test wants:  fake_control.py SOCKET REPLIES LOG

REPLIES is a JSON object, read anew for each request: a line, or its first word or words, to
its reply. A reply that is a text is sent as it stands, null is never sent; of a text
"@N" N bytes of an unfinished object are. LOG gets each line that was asked."""

import json
import os
import socket
import struct
import sys
import threading


def find(replies, line):
    words = line.split(" ")
    for count in range(len(words), 0, -1):
        key = " ".join(words[:count])
        if key in replies:
            return replies[key]
    return {"error": "the commands are: " + ", ".join(replies)}


def serve(client, path, log):
    with client, client.makefile("rb") as lines:
        line = lines.readline().decode().rstrip("\n")
        with open(log, "a") as out:
            print(line, file=out)
        with open(path) as file:
            reply = find(json.load(file), line)
        uid = struct.unpack("iII", client.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid != 0 and line.split(" ")[:2] not in (["status"], ["verdict", "list"]):
            reply = {"error": "this needs root"}
        if reply is None:
            lines.readline()  # until the client goes
            return
        if isinstance(reply, str) and reply[:1] == "@":
            reply = '{"verdicts": [' + "1," * (int(reply[1:]) // 2)
        text = reply if isinstance(reply, str) else json.dumps(reply) + "\n"
        try:
            client.sendall(text.encode())
        except OSError:
            pass


def main():
    name, path, log = sys.argv[1:]
    os.makedirs(os.path.dirname(name), exist_ok=True)
    server = socket.socket(socket.AF_UNIX)
    if os.path.exists(name):
        os.unlink(name)
    server.bind(name)
    os.chmod(name, 0o666)
    server.listen(16)
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client, path, log), daemon=True).start()


main()
