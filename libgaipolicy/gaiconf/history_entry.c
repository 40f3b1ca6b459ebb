/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * history_entry.c - an entry of history, as bytes.
 *
 * A text header, an empty line, then the old content as it was, and the new one, if it is
 * there.
 *
 *	v6guard-history 1
 *	what nss
 *	time 1700000000
 *	user root
 *	command v6guard nss enable
 *	path /etc/nsswitch.conf		(below the root)
 *	existed 1			(0: the change created the file)
 *	undoes 12			(a rollback: to before that serial)
 *	reset 1				(all before it is taken out)
 *	size 494
 *	after 512			(of kind gai: what it was changed into)
 *
 * A file whose header or size does not fit is passed over.
 */
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gaiconf/store_private.h"

#define MAGIC "v6guard-history 1"

/* ---- writing ------------------------------------------------------------------------
 */

/* A value in one line of its own, whatever somebody typed. */
static void put_value(FILE *out, const char *key, const char *value, size_t room)
{
	fprintf(out, "%s ", key);
	for (size_t i = 0; value[i] && i + 1 < room; i++) {
		unsigned char c = (unsigned char)value[i];
		fputc(c < ' ' || c == 127 ? '?' : c, out);
	}
	fputc('\n', out);
}

/* Who sits at the terminal, also behind sudo, where audit knows; else who we are. */
static uid_t acting_uid(void)
{
	unsigned uid;
	FILE *file = fopen("/proc/self/loginuid", "re");
	bool is_known = file && fscanf(file, "%u", &uid) == 1 && uid != (unsigned)-1;

	if (file)
		fclose(file);
	return is_known ? uid : getuid();
}

static void acting_user(char *name, size_t size)
{
	char buf[4096];
	struct passwd entry, *found = NULL;
	uid_t uid = acting_uid();

	if (getpwuid_r(uid, &entry, buf, sizeof(buf), &found) == 0 && found)
		snprintf(name, size, "%s", found->pw_name);
	else
		snprintf(name, size, "%u", (unsigned)uid);
}

/* Header and content in one malloc'd block. */
char *gp_entry_build(const struct gp_store *store, const char *what,
		     const struct gp_file *file, const struct gp_after *after,
		     size_t *size)
{
	const bool has_after = !strcmp(what, "gai");
	struct gp_history_entry room;
	size_t length = 0;
	char user[sizeof(room.user)];
	char *block = NULL;
	FILE *out = open_memstream(&block, size);
	if (!out)
		return NULL;

	acting_user(user, sizeof(user));
	fprintf(out, MAGIC "\n");
	put_value(out, "what", what, sizeof(room.what));
	fprintf(out, "time %lld\n", (long long)time(NULL));
	put_value(out, "user", user, sizeof(room.user));
	put_value(out, "command", store->command, sizeof(room.command));
	put_value(out, "path", file->path + strlen(store->root), sizeof(room.path));
	fprintf(out, "existed %d\n", file->exists);
	if (store->undoes)
		fprintf(out, "undoes %" PRIu64 "\n", store->undoes);
	if (store->is_reset)
		fputs("reset 1\n", out);
	fprintf(out, "size %zu\n", file->size);
	for (size_t i = 0; i < after->count; i++)
		length += after->parts[i].iov_len;
	if (has_after)
		fprintf(out, "after %zu\n", length);
	fputc('\n', out);
	fwrite(file->bytes, 1, file->size, out);
	for (size_t i = 0; has_after && i < after->count; i++)
		fwrite(after->parts[i].iov_base, 1, after->parts[i].iov_len, out);

	bool has_failed = ferror(out);
	if (fclose(out) != 0 || has_failed) {
		free(block);
		return NULL;
	}
	return block;
}

/* ---- reading ------------------------------------------------------------------------
 */

/* The value of KEY in the line at *AT, which moves to the next; false: another line. */
static bool take_value(const char **at, const char *key, char *value, size_t room)
{
	size_t length = strlen(key);
	const char *end = strchr(*at, '\n');

	if (!end || strncmp(*at, key, length) != 0 || (*at)[length] != ' ')
		return false;
	const char *begin = *at + length + 1;
	if (begin > end || (size_t)(end - begin) >= room)
		return false;
	memcpy(value, begin, (size_t)(end - begin));
	value[end - begin] = '\0';
	*at = end + 1;
	return true;
}

static bool take_number(const char **at, const char *key, unsigned long long *number)
{
	char text[24], *end;
	if (!take_value(at, key, text, sizeof(text)) || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* Fill in all of OUT but n and serial. */
bool gp_entry_parse(const struct gp_file *file, struct gp_history_entry *out,
		    struct gp_entry_contents *contents)
{
	const char *at = file->bytes;
	unsigned long long time, existed, length, undoes = 0, after = 0, reset = 0;

	if (strncmp(at, MAGIC "\n", strlen(MAGIC) + 1) != 0)
		return false;
	at += strlen(MAGIC) + 1;
	if (!take_value(&at, "what", out->what, sizeof(out->what)) ||
	    !take_number(&at, "time", &time) ||
	    !take_value(&at, "user", out->user, sizeof(out->user)) ||
	    !take_value(&at, "command", out->command, sizeof(out->command)) ||
	    !take_value(&at, "path", out->path, sizeof(out->path)) ||
	    !take_number(&at, "existed", &existed))
		return false;
	take_number(&at, "undoes", &undoes);
	take_number(&at, "reset", &reset);
	if (!take_number(&at, "size", &length))
		return false;
	contents->has_after = take_number(&at, "after", &after);
	if (*at++ != '\n')
		return false;

	out->time = (int64_t)time;
	out->existed = existed != 0;
	out->undoes = undoes;
	out->is_reset = reset != 0;
	contents->at = (size_t)(at - file->bytes);
	contents->size = (size_t)length;
	contents->after_size = (size_t)after;
	const size_t rest = file->size - contents->at;
	return time <= INT64_MAX && existed <= 1 && length <= rest &&
	       rest - length == after;
}
