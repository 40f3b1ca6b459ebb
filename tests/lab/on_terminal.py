# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run a full-screen program on a terminal of 24 lines, end it, and say what it left:
on_terminal.py q|SIGNAL LOG PROGRAM [ARG...]"""

import os
import pty
import select
import signal
import sys
import termios
import time
import fcntl
import struct


def main():
    how, log, *command = sys.argv[1:]
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.close(master)
        os.login_tty(slave) if hasattr(os, "login_tty") else take(slave)
        os.environ["TERM"] = "xterm"  # a dumb one gets plain blocks
        os.execvp(command[0], command)
    seen = b""
    # Two frames: it is up, and keeps itself up to date.
    end = time.monotonic() + 30
    while seen.count(b"\033[H") < 2 and time.monotonic() < end:
        seen += more(master, 0.2)
    if how == "q":
        os.write(master, b"q")
    else:
        os.kill(pid, getattr(signal, "SIG" + how))
    status = None
    while status is None and time.monotonic() < end + 10:
        seen += more(master, 0.05)
        done, code = os.waitpid(pid, os.WNOHANG)
        status = code if done else None
    if status is None:
        os.kill(pid, signal.SIGKILL)
        print("does not end")
        return
    seen += more(master, 0.2)
    with open(log, "wb") as out:
        out.write(seen)
    print(", ".join([
        "exit %d" % os.WEXITSTATUS(status) if os.WIFEXITED(status)
        else "signal " + signal.Signals(os.WTERMSIG(status)).name,
        "terminal as before" if termios.tcgetattr(slave) == before else "terminal changed",
        "screen left" if seen.count(b"\033[?1049h") == 1
        and seen.rstrip().endswith(b"\033[?1049l") else "screen kept: %r" % seen[-80:],
        "24 lines at most" if max(f.count(b"\n") for f in seen.split(b"\033[H")) < 24
        else "too many lines"]))


def take(slave):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in 0, 1, 2:
        os.dup2(slave, fd)


def more(master, seconds):
    if not select.select([master], [], [], seconds)[0]:
        return b""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


main()
