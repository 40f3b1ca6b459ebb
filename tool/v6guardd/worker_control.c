/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_control.c - what people ask the worker by the control socket. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/live.h"
#include "worker_private.h"

/* By its head: it may be large. */
static long long generation_of(int fd)
{
	struct gp_snapshot snapshot;
	enum gp_status status;
	struct stat stat;
	void *bytes;

	if (fstat(fd, &stat) || stat.st_size <= 0 ||
	    (uint64_t)stat.st_size > SIZE_MAX / 2)
		return -1;
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	status = gp_snapshot_open(bytes, (size_t)stat.st_size, &snapshot);
	munmap(bytes, (size_t)stat.st_size);
	return status == GP_OK ? (long long)snapshot.generation : -1;
}

long long read_generation(void)
{
	const int fd = open(GP_SNAPSHOT_PATH, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	long long generation;

	if (fd < 0)
		return -1;
	generation = generation_of(fd);
	close(fd);
	return generation;
}

/* ---- control ---- */

static const char *rescue_state(const struct worker *worker, const char **detail)
{
	*detail = "";
	if (!worker->settings.rescue)
		return "off";
	if (worker->can_destroy != GP_OK) {
		*detail = worker->can_destroy == GP_UNSUPPORTED
				  ? "this kernel cannot destroy sockets "
				    "(CONFIG_INET_DIAG_DESTROY)"
				  : "v6guardd has no right to destroy sockets "
				    "(CAP_NET_ADMIN)";
		return "unable";
	}
	if (may_act())
		return "on";
	*detail = "switched off, enforce = no, or no policy is in force";
	return "off";
}

/* STATUS with what the resolver has counted; null while there is none. */
static json_t *with_resolver(const struct worker *worker, json_t *status)
{
	json_t *counters = json_object_get(status, "counters");

	if (counters)
		json_object_set_new(counters, "resolver",
				    worker->serve ? resolver_counters(worker)
						  : json_null());
	return status;
}

static json_t *on_status(void *ctx)
{
	static const char *const modes[] = {"off", "suspects", "all"};
	struct worker *worker = ctx;
	const struct knownlocal_report gai = known_local(worker);
	struct report report = {
		.net = netwatch_state(worker->net),
		.verdicts = worker->verdicts,
		.hints = worker->hints,
		.generation = read_generation(),
		.probe = modes[worker->settings.probe_mode],
		.rescue_wanted = worker->settings.rescue,
		.known_local = &gai,
		.probes = prober_sent(worker->prober),
		.dumps = suspects_dumps(worker->suspects),
		.rescues = worker->rescues,
		.config_error = worker->config_error,
		.started_ms = worker->started_ms,
		.now_ms = gp_boot_ms(),
	};
	struct gp_live_ref policy;
	json_t *status;

	report.rescue_state = rescue_state(worker, &report.rescue_detail);
	report.dns_state = resolver_state(worker, &report.dns_detail);
	if (!gp_live_get(&policy))
		return with_resolver(worker, report_status(&report));
	report.rules = policy.rules;
	status = report_status(&report);
	gp_live_put(&policy);
	return with_resolver(worker, status);
}

static json_t *on_partners(void *ctx, const struct gp_addr *addr)
{
	struct worker *worker = ctx;
	struct gp_addr partners[VERDICT_PARTNERS];
	const size_t count = verdict_partners(worker->verdicts, addr, partners);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, report_address(&partners[i]));
	return json_pack("{s:o}", "partners", list);
}

static json_t *on_verdict_list(void *ctx)
{
	struct worker *worker = ctx;

	return report_verdicts(worker->verdicts, SIZE_MAX, gp_boot_ms());
}

static json_t *on_verdict_set(void *ctx, const struct gp_prefix *prefix,
			      enum gp_verdict verdict, uint32_t seconds)
{
	struct worker *worker = ctx;
	const uint32_t ttl_ms = seconds > UINT32_MAX / 1000 ? UINT32_MAX : seconds * 1000;
	const enum gp_status status =
		verdict_set(worker->verdicts, prefix, verdict, ttl_ms, gp_boot_ms());

	tick_soon(worker);
	if (status != GP_OK)
		return json_pack("{s:s}", "error", gp_status_text(status));
	return json_pack("{s:b}", "changed", 1);
}

static json_t *on_verdict_clear(void *ctx, const struct gp_prefix *prefix)
{
	struct worker *worker = ctx;
	const size_t cleared = verdict_clear(worker->verdicts, prefix, gp_boot_ms());

	tick_soon(worker);
	return json_pack("{s:I}", "cleared", (json_int_t)cleared);
}

static json_t *on_resolver_status(void *ctx)
{
	return resolver_status(ctx);
}

static json_t *on_resolver_flush(void *ctx, const uint8_t *name)
{
	struct worker *worker = ctx;

	if (!worker->serve)
		return json_pack("{s:s}", "error", "the resolver is off");
	return json_pack("{s:I}", "flushed",
			 (json_int_t)serve_flush(worker->serve, name));
}

static bool on_reload(void *ctx)
{
	const struct worker *worker = ctx;

	return message_send(worker->files->steward_fd, MESSAGE_RELOAD, NULL);
}

bool make_control(struct worker *worker)
{
	const struct control_ops ops = {
		.ctx = worker,
		.status = on_status,
		.partners = on_partners,
		.verdict_list = on_verdict_list,
		.verdict_set = on_verdict_set,
		.verdict_clear = on_verdict_clear,
		.resolver_status = on_resolver_status,
		.resolver_flush = on_resolver_flush,
		.reload = on_reload,
	};

	worker->control = control_new(worker->base, worker->files->control_fd, &ops);
	return worker->control != NULL;
}
