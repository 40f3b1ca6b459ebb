/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver_said.c - what v6guardd said when it did not come up: the journal has it. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/spawn.h"
#include "resolver.h"
#include "systemctl.h"

#define LIMIT_MS 3000
#define LINES "8"
#define BYTES 4096

/* The text that journalctl prints; false: none. */
static bool read_journal(char out[BYTES])
{
	static char program[] = "/usr/bin/journalctl", old[] = "/bin/journalctl",
		    unit[] = "--unit=" SYSTEMCTL_DAEMON, lines[] = "--lines=" LINES,
		    bare[] = "--output=cat", since[] = "--since=-1min",
		    quiet[] = "--quiet";
	char *argv[] = {access(program, X_OK) == 0 ? program : old,
			unit,
			lines,
			bare,
			since,
			quiet,
			NULL};
	const int fd = memfd_create("v6guard-journal", MFD_CLOEXEC);
	ssize_t got = -1;

	if (fd < 0)
		return false;
	if (gp_spawn_to(argv[0], argv, LIMIT_MS, fd) == 0)
		got = pread(fd, out, BYTES - 1, 0);
	close(fd);
	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* What others wrote goes to a terminal. */
static void make_printable(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

void resolver_say_why(void)
{
	static const char own[] = "v6guardd: ";
	char text[BYTES], *save, *line;
	size_t count = 0;

	line = read_journal(text) ? strtok_r(text, "\n", &save) : NULL;
	for (; line; line = strtok_r(NULL, "\n", &save)) {
		/* systemd's words beside it are no reasons, nor is that it ran before. */
		if (strncmp(line, own, sizeof(own) - 1) != 0 ||
		    strstr(line, ": started: "))
			continue;
		make_printable(line);
		complain("v6guardd said: %s", line + sizeof(own) - 1);
		count++;
	}
	if (!count)
		complain("`systemctl status v6guardd` and its journal may know why");
}
