/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* folder.c - reading the configuration, and inotify on where it stands. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "dns/resolvconf.h"
#include "dns/ub_library.h"
#include "folder.h"
#include "guard/resolvconf.h"
#include "lastgood.h"
#include "say.h"

/* An editor writes a file in several steps: the last one counts, but for one that never
 * stops. */
#define SETTLE_MS 200
#define SETTLE_MAX_MS 2000
#define WHAT                                                                             \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB)

/* ---- reading ---- */

static void format_diag(const struct gp_diag *diag, char text[FOLDER_ERROR])
{
	char where[32] = "";

	if (diag->line && diag->column)
		snprintf(where, sizeof(where), ":%u:%u", diag->line, diag->column);
	else if (diag->line)
		snprintf(where, sizeof(where), ":%u", diag->line);
	snprintf(text, FOLDER_ERROR, "%s%s%s%s", diag->path, where,
		 diag->path[0] ? ": " : "", diag->text);
}

/* It may quote a file, and goes into JSON. */
static void copy_printable(char to[FOLDER_ERROR], const char *from)
{
	size_t i;

	for (i = 0; from[i] && i + 1 < FOLDER_ERROR; i++)
		to[i] = from[i];
	to[i] = '\0';
	for (i = 0; to[i]; i++)
		if (to[i] < ' ' || to[i] > '~')
			to[i] = '?';
}

static void say_errors(const struct gp_config_errors *errors, const char *dir,
		       enum gp_status status, char first[FOLDER_ERROR])
{
	char text[FOLDER_ERROR];

	for (size_t i = 0; i < errors->count; i++) {
		format_diag(&errors->list[i], text);
		say("%s", text);
		if (i == 0)
			copy_printable(first, text);
	}
	if (errors->more)
		say("there are more errors");
	if (errors->count)
		return;
	snprintf(text, sizeof(text), "%s: %s", dir, gp_status_text(status));
	say("%s", text);
	copy_printable(first, text);
}

/* An error that begins with a section has no file. */
static void say_error(const char *error, const char *dir, char first[FOLDER_ERROR])
{
	char text[FOLDER_ERROR];

	snprintf(text, sizeof(text), "%s%s%s", error[0] == '[' ? dir : "",
		 error[0] == '[' ? ": " : "", error);
	say("%s", text);
	copy_printable(first, text);
}

/* With no key at all libunbound takes everything for unsigned, and validates nothing;
 * what it cannot read it refuses by itself. */
static bool has_record(FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	bool is_found = false;

	while (!is_found && getline(&line, &room, file) > 0) {
		const char *word = line + strspn(line, " \t\r\n");
		is_found = *word && *word != ';' && *word != '$';
	}
	free(line);
	return is_found;
}

/* NULL: there is a key to begin with. */
static const char *anchor_error(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	const char *error = file ? NULL : strerror(errno);

	if (file && !has_record(file))
		error = "there is no DS or DNSKEY record in it";
	if (file)
		fclose(file);
	else if (fd >= 0)
		close(fd);
	return error;
}

static bool is_possible(const struct gp_config *config, const struct dns_config *dns,
			const bool *has_ipv4, char error[DNS_WHY])
{
	struct dns_ability ability = {
		.is_network_known = has_ipv4 != NULL,
		.ipv4_usable = has_ipv4 && *has_ipv4,
	};

	if (!dns_config_needs_ability(dns))
		return true;
	ub_library_probe(&ability);
	if (dns_config_validates(dns))
		ability.anchor_error = anchor_error(dns->trust_anchor);
	return dns_config_is_possible(config, dns, &ability, error);
}

/* One that is kept is of the usual folder alone. */
static bool is_usual(const char *dir)
{
	return !strcmp(dir, V6GUARD_CONFDIR);
}

/* CONFIG is good: OUT goes by it. */
static bool use(const struct gp_config *config, const char *dir, const bool *has_ipv4,
		struct settings *out, char error[DNS_WHY])
{
	char warning[256];

	if (gp_config_is_absent(config) && is_usual(dir) && lastgood_exists()) {
		snprintf(error, DNS_WHY,
			 "%s: there is no v6guard.conf any more; an empty one stands "
			 "for the defaults",
			 dir);
		return false;
	}
	if (!settings_from_config(config, out, warning, error))
		return false;
	if (!is_possible(config, &out->dns, has_ipv4, error)) {
		settings_free(out);
		return false;
	}
	if (warning[0])
		say("%s", warning);
	if (gp_config_loose(config))
		say("%s: its group may write it, and so decide for all programs",
		    gp_config_loose(config));
	return true;
}

int folder_load(const char *dir, const bool *has_ipv4, struct settings *out,
		char first[FOLDER_ERROR], char **text)
{
	static struct gp_config_errors errors;
	struct settings settings;
	struct gp_config *config = NULL;
	char error[DNS_WHY];
	enum gp_status status;
	bool is_good;

	*text = NULL;
	memset(&errors, 0, sizeof(errors));
	status = gp_config_load(dir, &config, &errors);
	if (status != GP_OK) {
		say_errors(&errors, dir, status, first);
		return status == GP_SYNTAX || status == GP_RANGE || status == GP_NOTFOUND
			       ? 3
			       : 4;
	}
	is_good = use(config, dir, has_ipv4, &settings, error);
	if (is_good && is_usual(dir) && !gp_config_is_absent(config)) {
		*text = lastgood_text(config, &settings);
		if (!*text)
			say("%s cannot be kept for a start without it", dir);
	}
	gp_config_free(config);
	if (!is_good) {
		say_error(error, dir, first);
		return 3;
	}
	*out = settings;
	return 0;
}

/* ---- without it ---- */

/* Programs ask the resolver, by CONFIG's listeners. */
static bool leads_here(const struct dns_config *config)
{
	static char text[65536];
	static struct dns_endpoint servers[GP_RESOLV_SERVERS];
	struct resolvconf_seen seen = {.has_own = false};
	const int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	if (size > 0)
		resolvconf_read(text, (size_t)size, config, GP_RESOLV_SERVERS, servers,
				GP_RESOLV_SERVERS, &seen);
	return seen.has_own;
}

/* A host that only this resolver answers must not be left without one. */
static const char *fall_back(struct settings *out)
{
	char why[DNS_WHY];
	struct gp_config *config = lastgood_read(out, why);
	const bool is_read = config;

	if (config && is_possible(config, &out->dns, NULL, why)) {
		gp_config_free(config);
		return "the last one without errors is in force (" LASTGOOD_FILE ")";
	}
	gp_config_free(config);
	if (is_read)
		settings_free(out);
	say("%s", why);
	if (!lastgood_without(out))
		return NULL;
	if (leads_here(&out->dns))
		return "no evidence; names are asked of the servers that resolv.conf had";
	settings_free(out);
	return NULL;
}

bool folder_fall_back(const char *dir, struct settings *out, char first[FOLDER_ERROR])
{
	const char *how = is_usual(dir) ? fall_back(out) : NULL;
	size_t used = strlen(first);

	if (!how)
		return false;
	say("%s", how);
	if (used + strlen(how) + 3 > FOLDER_ERROR)
		used = FOLDER_ERROR - strlen(how) - 3;
	snprintf(first + used, FOLDER_ERROR - used, "; %s", how);
	return true;
}

/* ---- watching ---- */

/* A link that is swapped (a ConfigMap's ..data inside, or the folder itself) is an entry
 * like any other. Whatever is not there now comes as an entry of what is. */
static void add_watches(struct folder *folder)
{
	char path[4096];
	char *slash;

	folder->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (folder->fd < 0)
		return;
	inotify_add_watch(folder->fd, folder->dir, WHAT);
	if (snprintf(path, sizeof(path), "%s/conf.d", folder->dir) < (int)sizeof(path))
		inotify_add_watch(folder->fd, path, WHAT);
	snprintf(path, sizeof(path), "%s", folder->dir);
	slash = strrchr(path, '/');
	folder->parent = -1;
	if (slash && slash[1]) {
		slash[slash == path] = '\0';
		folder->parent = inotify_add_watch(folder->fd, path, WHAT);
	}
}

void folder_watch(struct folder *folder, const char *dir)
{
	*folder = (struct folder){.dir = dir};
	add_watches(folder);
	if (folder->fd < 0)
		say("%s is not watched for changes: %s", dir, strerror(errno));
}

/* Of what happens where the folder stands, only its own name concerns us. */
static bool is_ours(const struct folder *folder, const struct inotify_event *event)
{
	const char *name = strrchr(folder->dir, '/');

	if (event->wd != folder->parent || event->mask & IN_Q_OVERFLOW)
		return true;
	return event->len && name && !strcmp(event->name, name + 1);
}

void folder_take(struct folder *folder, long long now_ms)
{
	_Alignas(struct inotify_event) char bytes[4096];
	bool has_changed = false;
	ssize_t got;

	while ((got = read(folder->fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event =
				(const struct inotify_event *)(const void *)(bytes + at);
			has_changed |= is_ours(folder, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	if (!has_changed)
		return;
	if (!folder->first_ms)
		folder->first_ms = now_ms;
	folder->last_ms = now_ms;
	/* conf.d may have come only now, or the folder be another one. */
	close(folder->fd);
	add_watches(folder);
}

long long folder_due(const struct folder *folder)
{
	const long long settled = folder->last_ms + SETTLE_MS;
	const long long latest = folder->first_ms + SETTLE_MAX_MS;

	if (!folder->first_ms)
		return 0;
	return settled < latest ? settled : latest;
}

void folder_done(struct folder *folder)
{
	folder->first_ms = folder->last_ms = 0;
}
