/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify_act.c - did the module only load, or does it act? */
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "guard/rules.h"
#include "guard/snapshot.h"
#include "verify_private.h"

#define MODULE "libnss_v6guard.so.2"

/* ---- was it asked, and by which policy? ----------------------------------------------
 */

static bool has_loaded(pid_t pid)
{
	char path[64], line[4352];
	bool is_there = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (maps && !is_there && fgets(line, sizeof(line), maps))
		is_there = strstr(line, "/" MODULE) != NULL;
	if (maps)
		fclose(maps);
	return is_there;
}

/* A module that has nothing to do takes no policy: it passes through at once. */
static bool is_idle(const struct gp_snapshot *policy)
{
	return gp_snapshot_is_off(policy, time(NULL)) ||
	       (policy->guard.mode == GP_MODE_OFF && !policy->rules.count);
}

bool verify_was_entered(struct verify *verify, const struct gp_snapshot *policy)
{
	const uint64_t wanted = is_idle(policy) ? 0 : policy->generation;
	struct gp_trace message;
	uint64_t other = 0;
	bool was_asked = false;
	long pid;

	if (!has_loaded(verify->after_child.pid)) {
		complain("a program that looked up names did not load " MODULE);
		return false;
	}
	if (!verify->trace.ring)
		return true;
	while (run_trace_next(&verify->trace, &message, &pid, true)) {
		if (pid != verify->after_child.pid || message.door != GP_DOOR_NSS)
			continue;
		if (message.generation == wanted)
			return true;
		was_asked = true;
		other = message.generation;
	}
	if (!was_asked)
		complain(MODULE " was loaded, and says nothing of being asked: does a "
				"service before it on the hosts: line answer all?");
	else if (!other)
		complain(MODULE " was asked, and took no policy: %s", GP_SNAPSHOT_PATH);
	else
		complain(MODULE " was asked, and took generation %llu of the policy "
				"instead of %llu",
			 (unsigned long long)other, (unsigned long long)wanted);
	return false;
}

/* ---- does it take away what a policy says? -------------------------------------------
 */

/* HOST's services, and all IPv6 addresses are to go. */
static bool write_policy(int fd, const struct gp_snapshot *host)
{
	struct gp_snapshot policy = {.generation = host->generation,
				     .created = host->created,
				     .chain = host->chain};
	struct gp_snapshot_parts *parts = malloc(sizeof(*parts));
	bool is_written = parts != NULL;

	gp_guard_policy_init(&policy.guard);
	policy.guard.mode = GP_MODE_STRIP_AAAA;
	policy.guard.keep_last = 0;
	policy.guard.backends_auto = host->guard.backends_auto;
	is_written = is_written && gp_snapshot_lay_out(&policy, parts) == GP_OK &&
		     !fchmod(fd, 0600);
	for (size_t i = 0; is_written && i < parts->count; i++)
		is_written = write(fd, parts->part[i].at, parts->part[i].size) ==
			     (ssize_t)parts->part[i].size;
	free(parts);
	return is_written;
}

/* Which names have what can be taken away, as they are or as they were. */
static bool choose(const struct verify *verify, struct verify_order *order)
{
	bool is_any = false;

	for (size_t i = 0; i < verify->count; i++) {
		order->is_wanted[i] = (verify->after[i].ipv6 || verify->before[i].ipv6) &&
				      !gp_guard_is_exempt(verify->names[i]);
		is_any |= order->is_wanted[i];
	}
	return is_any;
}

bool verify_acts(const struct verify *verify, struct cli *cli, struct verify_order *order,
		 const struct gp_snapshot *policy)
{
	struct verify_result results[VERIFY_NAMES];
	bool is_good = true;

	order->is_acting = true;
	order->trace[0] = '\0';
	if (verify->policy_fd < 0 || !choose(verify, order) ||
	    !write_policy(verify->policy_fd, policy))
		return true;
	verify_collect(verify, &verify->acting_child, order, results);
	for (size_t i = 0; i < verify->count; i++) {
		if (results[i].error || !results[i].ipv6)
			continue;
		if (results[i].is_earlier) {
			if (i >= verify->count - cli->verify_count)
				warn(cli,
				     "--verify %s: a service before v6guard on the "
				     "hosts: "
				     "line answers, and its addresses stay as they are",
				     verify->names[i]);
			continue;
		}
		complain("lookup of %s: v6guard was told to take its IPv6 addresses "
			 "away, and did not",
			 verify->names[i]);
		is_good = false;
	}
	return is_good;
}
