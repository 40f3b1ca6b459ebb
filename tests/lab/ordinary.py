#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ordinary connections of every kind that wait, and a web server with answers of any size.

ordinary.py serve             both families; one byte on descriptor 3 when all listen.
                              8080: GET /SIZE is one write, /SIZE/apart is two: the header
                              first. The answer ends with the client's address
ordinary.py use HOST EACH SECONDS    EACH connections of each kind, for so long; prints how
                              many came about. Kind N is on port FIRST + N
ordinary.py kinds             "PORT KIND", one a line
"""
import asyncio
import os
import resource
import socket
import sys

FIRST = 8100
FULL = b"f" * 1428  # what fits a packet of 1500 bytes
forever = 3600


async def say(stream, data):
    stream.write(data)
    await stream.drain()


# ---- what servers do, once they were asked ------------------------------------------------

def after(seconds, answer):
    async def act(reader, writer):
        await reader.read(1000)
        await asyncio.sleep(seconds)
        await say(writer, answer)
        await asyncio.sleep(forever)
    return act


def again(seconds, piece):
    async def act(reader, writer):
        while True:
            await say(writer, piece)
            await asyncio.sleep(seconds)
    return act


async def greets(reader, writer):
    await say(writer, b"SSH-2.0-lab\r\n")
    await asyncio.sleep(forever)


async def listens(reader, writer):
    while await reader.read(65536):
        pass


async def echoes(reader, writer):
    while data := await reader.read(1000):
        await say(writer, data)


def answers(answer):
    async def act(reader, writer):
        while await reader.read(1000):
            await say(writer, answer)
    return act


# ---- what clients do ----------------------------------------------------------------------

async def asks(reader, writer):
    await say(writer, b"q" * 80)
    await reads(reader, writer)


async def reads(reader, writer):
    while await reader.read(65536):
        pass
    await asyncio.sleep(forever)


async def half_closes(reader, writer):
    await say(writer, b"q" * 80)
    writer.write_eof()
    await reads(reader, writer)


async def never_reads(reader, writer):
    writer.transport.pause_reading()
    await say(writer, b"q" * 80)
    await asyncio.sleep(forever)


def writes(seconds):
    async def act(reader, writer):
        while True:
            await say(writer, b"w" * 200)
            await asyncio.sleep(seconds)
    return act


# name, server, client
KINDS = (
    ("answers after 5 s", after(5, b"a" * 3000), asks),
    ("answers after 12 s", after(12, b"a" * 700), asks),
    ("answers after 30 s", after(30, b"a" * 3000), asks),
    ("a long poll that ends with little", after(11, b"a" * 60), asks),
    ("push of small messages", again(0.5, b"p" * 100), asks),
    ("push, seldom", again(11, b"p" * 300), reads),
    ("a greeting, then nothing", greets, reads),
    ("half closed, answered late", after(11, b"a" * 2000), half_closes),
    ("the client only reads", again(1, b"r" * 900), reads),
    ("the client only writes", listens, writes(0.5)),
    ("the client writes seldom", listens, writes(11)),
    ("chatter of small packets", echoes, writes(0.3)),
    ("chatter, seldom", echoes, writes(11)),
    ("a server that drips", again(0.4, b"d" * 700), asks),
    ("a server that stops in the middle", after(0, b"s" * 300), asks),
    ("... after full packets", after(0, FULL * 3), asks),
    ("one full packet and a bit, then idle", after(0, FULL + b"t" * 300), asks),
    ("... over and over", answers(FULL + b"t" * 300), writes(1)),
    ("two full packets and a bit, then idle", after(0, FULL * 2 + b"t" * 300), asks),
    ("the client does not read", after(0, b"u" * 200000), never_reads),
)


# ---- the web server -----------------------------------------------------------------------

async def web(reader, writer):
    path = (await reader.readline()).split(b" ")[1].decode().split("/")
    while len(await reader.readline()) > 2:
        pass
    peer = writer.get_extra_info("peername")[0].removeprefix("::ffff:").encode()
    body = peer.rjust(int(path[1]), b".") + b"\n"
    head = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    for piece in (head, body) if path[2:] == ["apart"] else (head + body,):
        await say(writer, piece)


def ended(act):
    async def run(reader, writer):
        try:
            await act(reader, writer)
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
    return run


def listening(port):
    made = socket.socket(socket.AF_INET6)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind(("::", port))
    made.listen(1024)
    return made


async def serve():
    servers = [await asyncio.start_server(ended(web), sock=listening(8080))]
    for number, (_, act, _) in enumerate(KINDS):
        servers.append(await asyncio.start_server(ended(act), sock=listening(FIRST + number)))
    os.write(3, b"\n")
    os.close(3)
    await asyncio.sleep(forever)


async def use(host, each, seconds):
    made = 0

    async def one(port, act, delay):
        nonlocal made
        await asyncio.sleep(delay)
        reader, writer = await asyncio.open_connection(host, port, family=socket.AF_INET6)
        made += 1
        await act(reader, writer)

    jobs = [asyncio.ensure_future(one(FIRST + number, act, 4 * turn / each))
            for number, (_, _, act) in enumerate(KINDS) for turn in range(each)]
    await asyncio.wait(jobs, timeout=seconds)
    print(made)
    sys.stdout.flush()
    os._exit(0)  # all of them at once, as a program that is killed


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    elif sys.argv[1] == "use":
        asyncio.run(use(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    else:
        for number, (name, _, _) in enumerate(KINDS):
            print(FIRST + number, name)


main()
