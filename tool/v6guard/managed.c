/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* managed.c - nsswitch.conf that belongs to another tool, and what to tell it instead. */
#include <stdlib.h>
#include <string.h>

#include "gaiconf/inside.h"
#include "nssfile.h"

/* "v6guard [!UNAVAIL=return]", as it has to stand before `resolve` or `dns`. */
#define TOKENS "v6guard [!UNAVAIL=return]"

/* The profile in use and its features, as authselect notes them: a line each. */
static void read_profile(const struct cli *cli, char *profile, char *features,
			 size_t size)
{
	struct gp_file file;

	snprintf(profile, size, "CURRENT-PROFILE");
	features[0] = '\0';
	if (gp_file_read(cli->root, "/etc/authselect/authselect.conf", &file, NULL) !=
	    GP_OK)
		return;
	char *save, *line = strtok_r(file.bytes, "\n", &save);
	if (line)
		snprintf(profile, size, "%s", line);
	while (line && (line = strtok_r(NULL, "\n", &save))) {
		size_t used = strlen(features);
		snprintf(features + used, size - used, " %s", line);
	}
	gp_file_free(&file);
}

/* A profile of one's own has the words in its template. */
static void explain_authselect_off(const char *profile)
{
	fprintf(stderr,
		"    sed -i -E '/^hosts:/ s/v6guard( *\\[[^]]*\\])* *//g' "
		"/etc/authselect/%s/nsswitch.conf\n"
		"    authselect apply-changes\n",
		profile);
}

static void explain_authselect(const struct cli *cli, const char *path, bool is_on)
{
	static const char own[] = "custom/";
	char profile[256], features[256];

	read_profile(cli, profile, features, sizeof(profile));
	bool is_own = !strncmp(profile, own, strlen(own));
	complain("%s: written by authselect, which would undo the change. Instead:",
		 path);
	if (!is_on) {
		explain_authselect_off(profile);
		return;
	}
	if (!is_own)
		fprintf(stderr,
			"    authselect create-profile v6guard --base-on=%s "
			"--symlink-meta\n",
			profile);
	fprintf(stderr,
		"    sed -i -E '/^hosts:/ { s/v6guard( *\\[[^]]*\\])* *//g; "
		"s/\\b(resolve|dns)\\b/" TOKENS " \\1/ }' "
		"/etc/authselect/custom/%s/nsswitch.conf\n"
		"    authselect select custom/%s%s --force\n"
		"    v6guard apply\n",
		is_own ? profile + strlen(own) : "v6guard",
		is_own ? profile + strlen(own) : "v6guard", features);
}

static void explain_nixos(const char *path, bool is_on)
{
	complain("%s: made from configuration.nix, which would undo the change. There:",
		 path);
	if (!is_on) {
		fprintf(stderr, "    take v6guard out of system.nssDatabases.hosts\n"
				"then nixos-rebuild switch\n");
		return;
	}
	fprintf(stderr, "    system.nssModules = [ v6guard ];\n"
			"    system.nssDatabases.hosts = lib.mkOrder 900 "
			"[ \"" TOKENS "\" ];\n"
			"then nixos-rebuild switch, and v6guard apply\n");
}

/* ---- nsswitch-config ------------------------------------------------------------ */

/* In this order: of two that are called alike the last one counts. */
static const char *const snippets[] = {"/usr/share/nsswitch.conf.d",
				       "/etc/nsswitch.conf.d"};

#define SNIPPET_FOLDERS (sizeof(snippets) / sizeof(snippets[0]))

/* FOLDER's file NAME has a resolver on its hosts: line, or v6guard. */
static bool has_word(const struct cli *cli, const char *folder, const char *name,
		     bool is_self)
{
	struct gp_hosts_line hosts = {.present = false};
	struct gp_file file;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (gp_file_read(cli->root, path, &file, NULL) != GP_OK)
		return false;
	gp_hosts_line_find(file.bytes, file.size, &hosts);
	gp_file_free(&file);
	return is_self ? hosts.enabled : hosts.has_resolver;
}

static bool is_masked(const struct cli *cli, size_t at, const char *name)
{
	struct gp_file file;
	char path[512];
	bool is_there = false;

	for (; !is_there && at + 1 < SNIPPET_FOLDERS; at++) {
		snprintf(path, sizeof(path), "%s/%s", snippets[at + 1], name);
		if (gp_file_read(cli->root, path, &file, NULL) != GP_OK)
			continue;
		is_there = file.exists;
		gp_file_free(&file);
	}
	return is_there;
}

/* The name of the first snippet with such a word; "": there is none. */
static void find_snippet(const struct cli *cli, bool is_self, char first[256])
{
	first[0] = '\0';
	for (size_t i = 0; i < SNIPPET_FOLDERS; i++) {
		const struct dirent *entry;
		char *path;
		bool is_link;
		DIR *dir;

		if (gp_path_resolve(cli->root, snippets[i], &path, &is_link, NULL) !=
		    GP_OK)
			continue;
		dir = gp_inside_opendir(cli->root, path);
		free(path);
		while (dir && (entry = readdir(dir)))
			if ((!first[0] || strcmp(entry->d_name, first) < 0) &&
			    !is_masked(cli, i, entry->d_name) &&
			    has_word(cli, snippets[i], entry->d_name, is_self))
				snprintf(first, 256, "%s", entry->d_name);
		if (dir)
			closedir(dir);
	}
}

/* It puts the values of all snippets together, by their names. */
static void explain_snippets(const struct cli *cli, const char *path, bool is_on)
{
	char name[256];
	int digits = 0;

	complain("%s: written by nsswitch-config, which would undo the change. Instead:",
		 path);
	find_snippet(cli, !is_on, name);
	if (!is_on)
		fprintf(stderr, "    rm /etc/nsswitch.conf.d/%s\n",
			name[0] ? name : "NN-v6guard.conf");
	while (name[digits] >= '0' && name[digits] <= '9' && digits < 6)
		digits++;
	if (is_on && atoi(name) > 0)
		fprintf(stderr,
			"    mkdir -p /etc/nsswitch.conf.d\n"
			"    echo 'hosts: " TOKENS "' "
			">/etc/nsswitch.conf.d/%0*d-v6guard.conf\n",
			digits, atoi(name) - 1);
	else if (is_on)
		fprintf(stderr,
			"    echo 'hosts: " TOKENS "' >/etc/nsswitch.conf.d/NAME.conf\n"
			"with a NAME that sorts before that of the snippet with resolve "
			"or "
			"dns, then\n");
	fprintf(stderr, "    nsswitch-config\n%s", is_on ? "    v6guard apply\n" : "");
}

bool nss_is_managed(const struct cli *cli, const struct gp_file *file, bool is_on)
{
	const char *path = file->path + strlen(cli->root);

	if (!strncmp(path, "/etc/authselect/", 16) ||
	    strstr(file->bytes, "Generated by authselect")) {
		explain_authselect(cli, file->path, is_on);
		return true;
	}
	if (!strncmp(path, "/nix/store/", 11) || !strncmp(path, "/etc/static/", 12)) {
		explain_nixos(file->path, is_on);
		return true;
	}
	if (strstr(file->bytes, "generated by nsswitch-config")) {
		explain_snippets(cli, file->path, is_on);
		return true;
	}
	return false;
}
