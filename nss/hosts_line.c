/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hosts_line.c - see hosts_line.h. Stricter than libc: what is odd is not known. */
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/live.h"
#include "hold.h"
#include "hosts_line.h"

#define PATH "/etc/nsswitch.conf"
#define SIZE_MAX_READ 8192
#define BLANKS " \t\r\f\v"

/* ---- the text ---- */

/* Those whose lookups make none by DNS themselves, in this process. */
static bool is_known(const char *word, size_t length)
{
	static const char *const words[] = {
		"files",   "dns",           "myhostname",    "mymachines",
		"mdns",    "mdns_minimal",  "mdns4",         "mdns6",
		"resolve", "mdns4_minimal", "mdns6_minimal", "v6guard"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && !memcmp(words[i], word, length))
			return true;
	return false;
}

/* [NOTFOUND=return] and the like; what is done with SUCCESS is left as it is usual. */
static bool is_plain_action(const char *text, size_t length)
{
	for (size_t i = 0; i + 7 <= length; i++)
		if (!strncasecmp(text + i, "success", 7))
			return false;
	return true;
}

static bool is_word(const char *word, size_t length, const char *text)
{
	return strlen(text) == length && !memcmp(word, text, length);
}

/* The services from AT to END. */
static enum hosts_line judge(const char *at, const char *end)
{
	enum hosts_line found = HOSTS_UNKNOWN;

	for (;;) {
		size_t length = 0;

		while (at < end && strchr(BLANKS, *at))
			at++;
		if (at == end)
			return found;
		while (at + length < end && !strchr(BLANKS "[]", at[length]))
			length++;
		if (!length) { /* its actions */
			const char *close = memchr(at, ']', (size_t)(end - at));

			if (*at != '[' || !close ||
			    !is_plain_action(at, (size_t)(close - at)))
				return HOSTS_UNKNOWN;
			at = close + 1;
			continue;
		}
		if (!is_known(at, length))
			return HOSTS_UNKNOWN;
		if (is_word(at, length, "dns") && found == HOSTS_UNKNOWN)
			found = HOSTS_DNS_LAST;
		else if (is_word(at, length, "myhostname") && found != HOSTS_UNKNOWN)
			found = HOSTS_DNS_BEFORE;
		else if (found != HOSTS_UNKNOWN)
			return HOSTS_UNKNOWN;
		at += length;
	}
}

enum hosts_line hosts_line_parse(const char *text, size_t size)
{
	static const char name[] = "hosts:";
	const char *const end = text + size;
	enum hosts_line found = HOSTS_UNKNOWN;
	bool has_line = false;

	/* libc reads no line without a newline. */
	for (const char *next; (next = memchr(text, '\n', (size_t)(end - text)));
	     text = next + 1) {
		while (text < next && strchr(BLANKS, *text))
			text++;
		if ((size_t)(next - text) < 5 || strncasecmp(text, name, 5) != 0)
			continue;
		/* Another spelling, or one more of them. */
		if (has_line || next - text < 6 || memcmp(text, name, 6) != 0)
			return HOSTS_UNKNOWN;
		has_line = true;
		found = judge(text + 6, next);
	}
	return text == end ? found : HOSTS_UNKNOWN;
}

/* ---- the file ---- */

static struct hold hold;
static struct {
	struct stat seen;
	enum hosts_line line;
} latest; /* by whom has HOLD; all zero: nothing was read */

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum hosts_line read_file(struct stat *seen)
{
	char text[SIZE_MAX_READ];
	ssize_t size = -1;
	const int fd = open(PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return HOSTS_UNKNOWN;
	if (!fstat(fd, seen) && S_ISREG(seen->st_mode) && seen->st_size < SIZE_MAX_READ)
		size = read(fd, text, sizeof(text));
	close(fd);
	return size > 0 && size == seen->st_size ? hosts_line_parse(text, (size_t)size)
						 : HOSTS_UNKNOWN;
}

enum hosts_line hosts_line_now(void)
{
	enum hosts_line line = HOSTS_UNKNOWN;
	enum hold_result result;
	struct stat now;

	if (stat(PATH, &now) || !gp_live_same_root())
		return HOSTS_UNKNOWN;
	result = hold_take(&hold);
	if (result == HOLD_BUSY)
		return HOSTS_UNKNOWN;
	if (result == HOLD_TAKEN || !is_same(&now, &latest.seen)) {
		memset(&latest, 0, sizeof(latest)); /* while it is read */
		latest.line = read_file(&latest.seen);
	}
	line = latest.line;
	hold_release(&hold);
	return line;
}
