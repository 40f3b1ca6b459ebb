# SPDX-License-Identifier: LGPL-2.1-or-later
"""man_examples.py PAGE SECTION: run the examples of one .Ss of a mdoc page, in their order, and
compare what they print. `# v6guard ...` and `$ ...` begin a command; the rest is its output."""
import re, subprocess, sys

page, section = open(sys.argv[1]).read(), sys.argv[2]
start = page.index("\n.Ss " + section + "\n") + 1
end = re.compile(r"^\.S[sh] ", re.M).search(page, start + 3)
text = page[start:end.start()]


def plain(line):
    return line.replace("\\-", "-").replace("\\(dq", '"').replace("\\e", "\\").replace("\\&", "")


cases = []
for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.S | re.M):
    for line in map(plain, block.splitlines()):
        if line.startswith("$ ") or line.startswith("# v6guard "):
            cases.append([line[2:], []])
        else:
            cases[-1][1].append(line)
bad = 0
for command, expected in cases:
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, universal_newlines=True, timeout=60)
    seen = done.stdout.splitlines()
    if seen == expected:
        print("ok      example: " + command)
        continue
    bad += 1
    print("FAILED  example: " + command)
    print("\n".join("        expected: " + line for line in expected))
    print("\n".join("        seen:     " + line for line in seen))
if not cases:
    sys.exit("no examples in " + section)
sys.exit(bad > 0)
