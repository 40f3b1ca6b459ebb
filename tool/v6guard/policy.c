/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* policy.c - compiling, reading and writing the snapshot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gaiconf/inside.h"
#include "guard/crc32.h"
#include "policy.h"

static const char *name_of_mode(unsigned mode)
{
	const char *name = gp_mode_name((enum gp_mode)mode);
	return name ? name : "?";
}

/* ---- reading ------------------------------------------------------------------ */

static enum policy_state judge(const struct cli *cli, struct policy *policy)
{
	const struct stat *stat = &policy->file.stat;
	/* An image may be built by anybody; on a host only root's file counts. */
	bool is_ours = stat->st_uid == 0 || (cli->root[0] && stat->st_uid == geteuid());

	if (!is_ours || stat->st_mode & 0022) {
		snprintf(policy->trouble, sizeof(policy->trouble), "is ignored: %s",
			 is_ours ? "others than its owner may write it"
				 : "it does not belong to root");
		return POLICY_UNTRUSTED;
	}
	if (gp_snapshot_parse(policy->file.bytes, policy->file.size, &policy->snapshot) ==
	    GP_OK)
		return POLICY_GOOD;
	snprintf(policy->trouble, sizeof(policy->trouble), "is ignored: it is damaged");
	return POLICY_DAMAGED;
}

void policy_read(const struct cli *cli, struct policy *out)
{
	struct gp_diag diag;

	*out = (struct policy){.state = POLICY_ABSENT};
	if (gp_file_map(cli->root, GP_SNAPSHOT_PATH, &out->file, &diag) != GP_OK) {
		out->state = diag.status == GP_UNSUPPORTED ? POLICY_UNTRUSTED
							   : POLICY_UNREADABLE;
		snprintf(out->trouble, sizeof(out->trouble), "%s", diag.text);
	} else if (!out->file.exists) {
		snprintf(out->trouble, sizeof(out->trouble), "is not there");
	} else {
		out->state = judge(cli, out);
	}
}

void policy_free(struct policy *policy)
{
	gp_file_free(&policy->file);
	gp_rules_build_free(&policy->built);
}

/* ---- compiling ---------------------------------------------------------------- */

int policy_load_config(const struct cli *cli, struct gp_config **out)
{
	struct gp_config_errors *errors = calloc(1, sizeof(*errors));
	char *dir = NULL;
	int code;

	if (!errors || asprintf(&dir, "%s%s", cli->root, V6GUARD_CONFDIR) < 0) {
		free(errors);
		return complain_memory();
	}
	enum gp_status status =
		gp_config_load_below(cli->root, dir, cli->overlay, out, errors);
	code = exit_of(status);
	if (status != GP_OK) {
		for (size_t i = 0; i < errors->count; i++)
			complain_diag(&errors->list[i]);
		if (errors->count == 0)
			complain("%s: %s", dir, gp_status_text(status));
		if (errors->more)
			complain("there are more errors");
	}
	free(dir);
	free(errors);
	return code;
}

int policy_from_config(const struct cli *cli, const struct gp_config *config,
		       const char *nsswitch, size_t size, struct gp_rules_report *report,
		       struct gp_snapshot *out)
{
	struct gp_snapshot snapshot = {.generation = 0};
	struct gp_diag diag;
	int code = EXIT_DONE;

	snapshot.guard = *gp_config_guard(config);
	snapshot.preload = gp_config_preload(config);
	snapshot.probe = gp_config_probe(config);
	const struct gp_chain *chain = gp_config_backends(config);
	if (chain) {
		snapshot.chain = *chain;
	} else if (gp_chain_from_nsswitch(nsswitch, size, &snapshot.chain, &diag) !=
		   GP_OK) {
		snprintf(diag.path, sizeof(diag.path), "%s%s", cli->root, NSSWITCH);
		code = complain_diag(&diag);
		if (diag.status == GP_NOTFOUND)
			complain("`v6guard enable` puts v6guard before a resolver; else "
				 "say `backends = ...` in [guard] of v6guard.conf");
	}
	if (code == EXIT_DONE &&
	    gp_rules_build(config, &snapshot.rules, report, &diag) != GP_OK)
		code = complain_diag(&diag);
	if (code == EXIT_DONE)
		*out = snapshot;
	return code;
}

int policy_compile(const struct cli *cli, const char *nsswitch, size_t size,
		   struct gp_rules_report *report, struct gp_snapshot *out)
{
	struct gp_config *config;
	int code = policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;

	code = policy_from_config(cli, config, nsswitch, size, report, out);
	gp_config_free(config);
	return code;
}

/* ---- warning ------------------------------------------------------------------- */

#define WARN_BEFORE (14 * 24 * 3600)

static void warn_of_end(struct cli *cli, const struct gp_rule_report *rule, int64_t now)
{
	const time_t last = (time_t)(rule->until - 1);
	struct tm day;
	char text[16] = "?";

	if (rule->until - now > WARN_BEFORE)
		return;
	if (gmtime_r(&last, &day))
		strftime(text, sizeof(text), "%Y-%m-%d", &day);
	warn(cli, rule->until > now ? "rule %s ends with %s" : "rule %s ended with %s",
	     rule->name, text);
}

void policy_warn(struct cli *cli, const struct gp_rules_report *report)
{
	const int64_t now = time(NULL);

	for (size_t i = 0; i < report->count; i++) {
		const struct gp_rule_report *rule = &report->rule[i];

		warn_of_end(cli, rule, now);
		if (!rule->never_matches)
			continue;
		if (rule->shadowed_by >= 0)
			warn(cli,
			     "rule %s never matches: rule %s, of a lower priority "
			     "number, takes all its names",
			     rule->name, report->rule[rule->shadowed_by].name);
		else
			warn(cli, "rule %s never matches: %s", rule->name,
			     rule->patterns ? "no door knows both programs and clients"
					    : "it has no names");
	}
}

/* ---- writing ------------------------------------------------------------------- */

static bool are_rules_equal(const struct gp_rules *a, const struct gp_rules *b)
{
	for (unsigned i = 0; i < GP_RULES_SECTIONS && a->count; i++) {
		const struct gp_bytes *left = &a->section[i], *right = &b->section[i];

		if (left->size != right->size ||
		    (left->size && memcmp(left->at, right->at, left->size) != 0))
			return false;
	}
	return a->count == b->count;
}

/* All that is no rule, as bytes that are equal when it is. */
static bool is_rest_equal(const struct gp_snapshot *a, const struct gp_snapshot *b)
{
	struct gp_snapshot left = *a, right = *b;
	struct gp_snapshot_parts parts[2];

	left.rules.count = right.rules.count = 0;
	right.generation = left.generation;
	right.created = left.created;
	return gp_snapshot_lay_out(&left, &parts[0]) == GP_OK &&
	       gp_snapshot_lay_out(&right, &parts[1]) == GP_OK &&
	       parts[0].size == parts[1].size &&
	       !memcmp(parts[0].head, parts[1].head, parts[0].size);
}

static bool is_equal(const struct gp_snapshot *a, const struct gp_snapshot *b)
{
	return is_rest_equal(a, b) && are_rules_equal(&a->rules, &b->rules);
}

bool policy_is_same(const struct gp_snapshot *a, const struct gp_snapshot *b)
{
	struct gp_snapshot clean = *b;
	clean.off_until = a->off_until;
	return is_equal(a, &clean);
}

/* A line a rule, and one that differs whenever any of them does. */
static void put_rules(FILE *to, const struct gp_rules *rules)
{
	struct gp_guard_rule rule;
	uint32_t crc = 0;

	if (!rules->count)
		return;
	for (unsigned i = 0; i < GP_RULES_SECTIONS; i++)
		crc = gp_crc32(crc, rules->section[i].at, rules->section[i].size);
	for (unsigned i = 0; gp_rules_get(rules, i, &rule); i++)
		fprintf(to, "rule %s = %s, priority %u%s\n", rule.name,
			gp_rule_action_name((enum gp_rule_action)rule.action),
			rule.priority,
			rule.flags & GP_RULE_ENFORCE ? "" : ", enforce = no");
	fprintf(to, "rules = %u, checksum %08x\n", rules->count, crc);
}

static char *as_text(const struct gp_snapshot *snapshot)
{
	const struct gp_guard_policy *guard = &snapshot->guard;
	char chain[GP_CHAIN_MAX * (GP_SERVICE_NAME + 96)], off[64], *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	gp_chain_format(&snapshot->chain, chain, sizeof(chain));
	policy_off_text(snapshot, off, sizeof(off));
	fprintf(to,
		"mode = %s\nunknown = %s\nenforce = %s\nkeep-last = %s\n"
		"aaaa-only = %s\nbackends = %s\noff = %s\n",
		name_of_mode(guard->mode), guard->distrust ? "distrust" : "trust",
		guard->enforce ? "yes" : "no", guard->keep_last ? "yes" : "no",
		guard->aaaa_only ? "strip" : "keep", chain, off[0] ? off : "no");
	put_rules(to, &snapshot->rules);
	return fclose(to) ? NULL : text;
}

static int note_policy(struct change *change, const struct policy *old,
		       const struct gp_snapshot *new)
{
	bool has_old = old->state == POLICY_GOOD;
	char *before = has_old ? as_text(&old->snapshot) : strdup("");
	char *after = as_text(new);
	int code;

	if (before && after)
		code = change_note(change, old->file.path, before, strlen(before), after,
				   strlen(after));
	else
		code = complain_memory();
	free(before);
	free(after);
	return code;
}

/* Mode and owner of a file are kept when it is replaced: not those that made it ignored.
 */
static int drop_untrusted(struct change *change, struct gp_file *file)
{
	struct gp_diag diag;

	if (gp_inside_unlink(change->cli->root, file->path) < 0 && errno != ENOENT) {
		complain("%s: cannot remove: %s", file->path, strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	gp_file_free(file);
	if (gp_file_map(change->cli->root, GP_SNAPSHOT_PATH, file, &diag) != GP_OK)
		return complain_diag(&diag);
	return EXIT_DONE;
}

static int replace_policy(struct change *change, const struct policy *old,
			  const struct gp_snapshot_parts *parts)
{
	struct iovec iov[GP_SNAPSHOT_PARTS];
	struct gp_file file;
	struct gp_diag diag;
	int code = EXIT_DONE;

	for (size_t i = 0; i < parts->count; i++)
		iov[i] = (struct iovec){(void *)(uintptr_t)parts->part[i].at,
					parts->part[i].size};
	if (gp_file_map(change->cli->root, GP_SNAPSHOT_PATH, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	if (old->state == POLICY_UNTRUSTED)
		code = drop_untrusted(change, &file);
	/* Programs map it: whoever writes into it, or empties it, kills them. */
	file.mode = 0444;
	if (code == EXIT_DONE && gp_store_replace_parts(change->store, &file, NULL, iov,
							parts->count, &diag) != GP_OK)
		code = complain_diag(&diag);
	change->is_policy |= code == EXIT_DONE;
	gp_file_free(&file);
	return code;
}

int policy_write(struct change *change, const struct policy *old, struct gp_snapshot *new)
{
	if (!old->file.path) {
		complain("%s%s: %s", change->cli->root, GP_SNAPSHOT_PATH, old->trouble);
		return EXIT_ENVIRONMENT;
	}
	if (old->state == POLICY_GOOD && is_equal(&old->snapshot, new)) {
		*new = old->snapshot;
		return EXIT_DONE;
	}
	new->generation = old->state == POLICY_GOOD ? old->snapshot.generation + 1 : 1;
	new->created = time(NULL);

	int code = note_policy(change, old, new);
	if (code != EXIT_DONE || !change->store)
		return code;
	struct gp_snapshot_parts *parts = malloc(sizeof(*parts));
	change->generation = (long long)new->generation;
	if (parts && gp_snapshot_lay_out(new, parts) == GP_OK)
		code = replace_policy(change, old, parts);
	else
		code = complain_memory();
	free(parts);
	return code;
}

static int compile_from(const struct cli *cli, const char *nsswitch, size_t size,
			struct gp_rules_report *report, struct gp_snapshot *out)
{
	struct gp_file file = {.path = NULL};
	struct gp_diag diag;

	if (!nsswitch) {
		if (gp_file_read_vendor(cli->root, NSSWITCH, &file, &diag) != GP_OK)
			return complain_diag(&diag);
		nsswitch = file.bytes;
		size = file.size;
	}
	int code = policy_compile(cli, nsswitch, size, report, out);
	gp_file_free(&file);
	return code;
}

int policy_apply(struct change *change, const char *nsswitch, size_t size,
		 struct policy *old, struct gp_snapshot *out)
{
	struct gp_rules_report report;
	char off[64];

	policy_read(change->cli, old);
	int code = compile_from(change->cli, nsswitch, size, &report, out);
	if (code != EXIT_DONE)
		return code;
	old->built = out->rules;
	policy_warn(change->cli, &report);
	gp_rules_report_free(&report);
	if (old->state == POLICY_DAMAGED || old->state == POLICY_UNTRUSTED)
		warn(change->cli, "%s%s: %s; written anew", change->cli->root,
		     GP_SNAPSHOT_PATH, old->trouble);
	else if (old->state == POLICY_GOOD &&
		 gp_snapshot_is_off(&old->snapshot, time(NULL)))
		out->off_until = old->snapshot.off_until;
	policy_off_text(out, off, sizeof(off));
	if (off[0])
		warn(change->cli,
		     "v6guard is off (%s) and stays so: `v6guard on` ends that", off);
	return policy_write(change, old, out);
}

/* ---- words ------------------------------------------------------------------- */

void policy_summary(const struct gp_snapshot *snapshot, char *buf, size_t size)
{
	char chain[GP_CHAIN_MAX * (GP_SERVICE_NAME + 96)];

	gp_chain_format(&snapshot->chain, chain, sizeof(chain));
	const int used = snprintf(buf, size, "mode %s, generation %llu, backends %s",
				  name_of_mode(snapshot->guard.mode),
				  (unsigned long long)snapshot->generation, chain);
	if (snapshot->rules.count && used > 0 && (size_t)used < size)
		snprintf(buf + used, size - (size_t)used, ", %u rule%s",
			 snapshot->rules.count, snapshot->rules.count == 1 ? "" : "s");
}

void policy_off_text(const struct gp_snapshot *snapshot, char *buf, size_t size)
{
	struct tm utc;
	time_t end = (time_t)snapshot->off_until;

	buf[0] = '\0';
	if (!gp_snapshot_is_off(snapshot, time(NULL)))
		return;
	if (snapshot->off_until == GP_OFF_FOREVER || !gmtime_r(&end, &utc))
		snprintf(buf, size, "forever");
	else
		strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
