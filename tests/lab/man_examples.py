# SPDX-License-Identifier: LGPL-2.1-or-later
"""man_examples.py PAGE SECTION: run the examples of one .Ss of a mdoc page, or of one ## of a
Markdown text, in their order, and compare what they print. `# v6guard ...` and `$ ...` begin a
command; the rest is its output."""
import re, subprocess, sys

page, section = open(sys.argv[1]).read(), sys.argv[2]


def plain(line):
    return line.replace("\\-", "-").replace("\\(dq", '"').replace("\\e", "\\").replace("\\&", "")


def blocks():
    if sys.argv[1].endswith(".md"):
        text = re.search(r"^## %s\n(.*?)^## " % re.escape(section), page, re.S | re.M).group(1)
        return ["\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))]
    start = page.index("\n.Ss " + section + "\n") + 1
    text = page[start:re.compile(r"^\.S[sh] ", re.M).search(page, start + 3).start()]
    return map(plain, re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", text, re.S | re.M))


cases = []
for block in blocks():
    for line in block.splitlines():
        if line.startswith("$ ") or line.startswith("# v6guard "):
            cases.append([line[2:], []])
        else:
            cases[-1][1].append(line)
bad = 0
for command, expected in cases:
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, universal_newlines=True, timeout=60)
    # Which programs run here, this one among them, is no matter of the example.
    said = done.stderr.split("Programs that have read gai.conf")[0]
    seen = (done.stdout + said).splitlines()
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
