/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lastgood.c - the last good configuration, as a file of root's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/config_private.h"
#include "guard/crc32.h"
#include "lastgood.h"

#define FOLDER "/var/lib/v6guard"
#define TEMPORARY LASTGOOD_FILE ".new"
/* Its sum is over all that is behind this line: a file that lost its end may still be
 * one without an error. */
#define HEAD "# Kept by v6guardd, for when /etc/v6guard has errors. Sum: %08x\n"
#define HEAD_SIZE (sizeof(HEAD) - 1 + 4)
#define MOST (8UL << 20)

/* ---- as text ---- */

struct words {
	char *text;
	size_t size;
	FILE *out;
};

static enum gp_status add_word(void *ctx, const char *path, unsigned line,
			       unsigned column, const char *word)
{
	struct words *words = ctx;

	(void)path, (void)line, (void)column;
	if (!word)
		return GP_SYNTAX;
	fprintf(words->out, " %s", word);
	return GP_OK;
}

/* The words of all files that VALUE names, as FROM does. */
static bool add_lists(struct words *words, const struct gp_config *config,
		      const char *from, const char *value)
{
	bool is_good = true;
	size_t pos = 0, length;
	const char *at;

	while (is_good && (length = gp_config_next_word(value, &pos, &at)) > 0) {
		struct gp_diag diag;
		char *file = strndup(at, length);
		is_good = file && gp_config_list_each(config, from, file, add_word, words,
						      &diag) == GP_OK;
		free(file);
	}
	return is_good;
}

struct writing {
	const struct gp_config *config;
	char *text;
	size_t size;
	bool has_failed;
};

static void set(struct writing *writing, const char *section, const char *key,
		const char *value)
{
	char *text = NULL;
	size_t size;

	if (gp_config_edit(writing->text, writing->size, section, key, value, &text,
			   &size) != GP_OK) {
		writing->has_failed = true;
		return;
	}
	free(writing->text);
	writing->text = text;
	writing->size = size;
}

/* What a list in a file stands beside: its key without "-file", and the words of both. */
static void set_list(struct writing *writing, const struct gp_config_item *item)
{
	struct words words = {.text = NULL};
	struct gp_config_item beside;
	char key[64];
	bool is_good;

	snprintf(key, sizeof(key), "%.*s", (int)(strlen(item->key) - strlen("-file")),
		 item->key);
	words.out = open_memstream(&words.text, &words.size);
	if (words.out &&
	    gp_config_get(writing->config, item->section, key, &beside) == GP_OK)
		fprintf(words.out, " %s", beside.value);
	is_good =
		words.out && add_lists(&words, writing->config, item->path, item->value);
	is_good &= words.out && !fclose(words.out);
	if (is_good)
		set(writing, item->section, key, words.text + strspn(words.text, " "));
	writing->has_failed |= !is_good;
	free(words.text);
}

static bool add_item(void *ctx, const struct gp_config_item *item)
{
	struct writing *writing = ctx;
	const char *file = strstr(item->key, "-file");

	/* Defaults are those of who reads it. */
	if (!item->path || !strncmp(item->section, "rule ", 5))
		return true;
	if (file && !file[strlen("-file")])
		set_list(writing, item);
	else
		set(writing, item->section, item->key, item->value);
	return !writing->has_failed;
}

static struct gp_config *parse(const char *text, size_t size, struct settings *out,
			       char why[DNS_WHY])
{
	struct gp_config *config = NULL;
	char warning[256];

	snprintf(why, DNS_WHY, "%s has errors for this version", LASTGOOD_FILE);
	if (gp_config_parse_text(LASTGOOD_FILE, text, size, &config, NULL) != GP_OK)
		return NULL;
	if (settings_from_config(config, out, warning, why))
		return config;
	gp_config_free(config);
	return NULL;
}

/* TEXT says SETTINGS. */
static bool reads_as(const char *text, size_t size, const struct settings *settings)
{
	struct settings read;
	char why[DNS_WHY];
	struct gp_config *config = parse(text, size, &read, why);
	const bool is_same = config && settings_equal(settings, &read);

	if (config)
		settings_free(&read);
	gp_config_free(config);
	return is_same;
}

char *lastgood_text(const struct gp_config *config, const struct settings *settings)
{
	struct writing writing = {.config = config};
	char *out = NULL;

	writing.text = strdup("");
	writing.has_failed = !writing.text;
	if (!writing.has_failed)
		gp_config_each(config, add_item, &writing);
	if (writing.has_failed || writing.size > MOST ||
	    !reads_as(writing.text, writing.size, settings) ||
	    asprintf(&out, HEAD "%s", gp_crc32(0, writing.text, writing.size),
		     writing.text) < 0)
		out = NULL;
	free(writing.text);
	return out;
}

/* ---- as a file ---- */

static char *slurp(size_t *size)
{
	const int fd =
		open(LASTGOOD_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) &&
	    status.st_uid == geteuid() && !(status.st_mode & 0022) &&
	    status.st_size <= (off_t)(MOST + HEAD_SIZE))
		text = malloc((size_t)status.st_size + 1);
	if (text) {
		const ssize_t got = read(fd, text, (size_t)status.st_size);
		*size = got > 0 ? (size_t)got : 0;
		text[*size] = '\0';
	}
	close(fd);
	return text;
}

static bool is_kept(const char *text)
{
	size_t size = 0;
	char *found = slurp(&size);
	const bool is_same = found && size == strlen(text) && !memcmp(found, text, size);

	free(found);
	return is_same;
}

static bool write_all(int fd, const char *text, size_t size)
{
	while (size) {
		const ssize_t done = write(fd, text, size);
		if (done <= 0)
			return false;
		text += done;
		size -= (size_t)done;
	}
	return true;
}

/* Without fsync(), which may take as long as a disk likes while rescues wait: the sum
 * tells of one that a power cut emptied. */
bool lastgood_keep(const char *text)
{
	bool is_written = false;
	int fd, error;

	if (is_kept(text))
		return true;
	if (mkdir(FOLDER, 0755) < 0 && errno != EEXIST)
		return false;
	unlink(TEMPORARY);
	fd = open(TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		is_written = write_all(fd, text, strlen(text));
		error = errno;
		close(fd);
		errno = error;
	}
	if (is_written && !rename(TEMPORARY, LASTGOOD_FILE))
		return true;
	error = errno;
	unlink(TEMPORARY);
	errno = error;
	return false;
}

bool lastgood_exists(void)
{
	return !access(LASTGOOD_FILE, F_OK);
}

struct gp_config *lastgood_read(struct settings *out, char why[DNS_WHY])
{
	struct gp_config *config = NULL;
	size_t size = 0;
	unsigned sum = 0;
	char *text = slurp(&size);

	if (!text)
		snprintf(why, DNS_WHY, "there is no %s", LASTGOOD_FILE);
	else if (size < HEAD_SIZE || sscanf(text, HEAD, &sum) != 1 ||
		 sum != gp_crc32(0, text + HEAD_SIZE, size - HEAD_SIZE))
		snprintf(why, DNS_WHY, "%s is damaged", LASTGOOD_FILE);
	else
		config = parse(text + HEAD_SIZE, size - HEAD_SIZE, out, why);
	free(text);
	return config;
}

bool lastgood_without(struct settings *out)
{
	static const char text[] = "[guard]\nmode = off\n[probe]\nmode = off\n"
				   "[resolver]\nenable = yes\nupstream = resolv.conf\n";
	char why[DNS_WHY];
	struct gp_config *config = parse(text, sizeof(text) - 1, out, why);

	gp_config_free(config);
	return config;
}
