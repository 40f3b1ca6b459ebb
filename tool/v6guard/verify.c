/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify.c - lookups in children, compared before and after a change. */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "guard/nscd.h"
#include "verify_private.h"

#define NOBODY "v6guard-check.invalid"
#define LOOKUPS_MS 30000

/* ---- in the parent ------------------------------------------------------------- */

static void end_child(struct verify_child *child)
{
	if (child->pid <= 0)
		return;
	close(child->socket);
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

static bool spawn(const struct verify *verify, struct verify_child *child)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;

	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		verify_serve(verify, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	*child = (struct verify_child){.pid = pid, .socket = pair[0]};
	if (pid < 0)
		close(pair[0]);
	return pid > 0;
}

struct verify *verify_start(const struct cli *cli)
{
	struct verify *verify = calloc(1, sizeof(*verify));
	if (!verify) {
		complain_memory();
		return NULL;
	}
	verify->names[verify->count++] = "localhost";
	if (gethostname(verify->host, sizeof(verify->host) - 1) == 0 && verify->host[0])
		verify->names[verify->count++] = verify->host;
	verify->names[verify->count++] = NOBODY;
	for (size_t i = 0; i < cli->verify_count; i++)
		verify->names[verify->count++] = cli->verify[i];

	/* Without them there is that much less to see. */
	verify->policy_fd = memfd_create("v6guard-verify", MFD_CLOEXEC);
	if (!run_trace_open(&verify->trace, false)) {
		run_trace_close(&verify->trace);
		verify->trace = (struct run_trace){.fd = -1};
	}
	if (!spawn(verify, &verify->before_child) ||
	    !spawn(verify, &verify->after_child) ||
	    !spawn(verify, &verify->acting_child)) {
		complain("cannot start a process: %s", strerror(errno));
		verify_end(verify);
		return NULL;
	}
	return verify;
}

void verify_end(struct verify *verify)
{
	if (!verify)
		return;
	end_child(&verify->before_child);
	end_child(&verify->after_child);
	end_child(&verify->acting_child);
	if (verify->policy_fd >= 0)
		close(verify->policy_fd);
	run_trace_close(&verify->trace);
	free(verify);
}

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void verify_collect(const struct verify *verify, const struct verify_child *child,
		    const struct verify_order *order, struct verify_result *results)
{
	for (size_t i = 0; i < verify->count; i++)
		results[i] = (struct verify_result){.error = VERIFY_NOT_ASKED};
	if (send(child->socket, order, sizeof(*order), MSG_NOSIGNAL) < 0)
		return;

	long long deadline = now_ms() + LOOKUPS_MS;
	for (size_t i = 0; i < verify->count; i++) {
		struct pollfd poll_fd = {.fd = child->socket, .events = POLLIN};
		struct verify_result result;
		long long left = deadline - now_ms();
		if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0)
			return;
		/* A stream that ended: the process did, inside a lookup. */
		if (recv(child->socket, &result, sizeof(result), MSG_WAITALL) !=
		    (ssize_t)sizeof(result))
			result = (struct verify_result){.error = VERIFY_CRASHED};
		results[i] = result;
	}
}

void verify_before(struct verify *verify)
{
	const struct verify_order order = {.has_before = false};
	verify_collect(verify, &verify->before_child, &order, verify->before);
	end_child(&verify->before_child);
}

static const char *result_text(const struct verify_result *result, char *buf, size_t size)
{
	if (result->error == VERIFY_NOT_ASKED)
		return "no answer within 30 s";
	if (result->error == VERIFY_CRASHED)
		return "the program crashed";
	if (result->error)
		return gai_strerror(result->error);
	snprintf(buf, size, "%u addresses", result->addresses);
	return buf;
}

/* A name that nobody knows proves nothing, and is most likely mistyped. */
static void warn_of_unknown(struct cli *cli, const struct verify *verify)
{
	size_t first = verify->count - cli->verify_count;

	for (size_t i = first; i < verify->count; i++)
		if (verify->before[i].error && verify->after[i].error)
			warn(cli, "--verify %s: no address, neither before nor after",
			     verify->names[i]);
}

static bool is_any_worse(const struct verify *verify)
{
	bool is_any = false;

	for (size_t i = 0; i < verify->count; i++) {
		char before_text[64], after_text[64];
		if (!verify_is_worse(&verify->before[i], &verify->after[i]))
			continue;
		complain(
			"lookup of %s: %s before, %s after", verify->names[i],
			result_text(&verify->before[i], before_text, sizeof(before_text)),
			result_text(&verify->after[i], after_text, sizeof(after_text)));
		is_any = true;
	}
	return is_any;
}

/* The words between BEGIN and END, to be asked without nscd; "": there is no room. */
static void copy_services(char to[VERIFY_SERVICES], const char *text, size_t begin,
			  size_t end)
{
	to[0] = '\0';
	if (end - begin < VERIFY_SERVICES) {
		memcpy(to, text + begin, end - begin);
		to[end - begin] = '\0';
	}
}

bool verify_after(struct verify *verify, struct cli *cli, const char *text,
		  const struct gp_hosts_line *hosts, const struct gp_snapshot *policy)
{
	struct verify_order order = {.has_before = true};
	bool is_good;

	memcpy(order.before, verify->before, sizeof(order.before));
	/* With nscd running no lookup loads a module here; a list goes past it. */
	if (gp_nscd_is_running())
		copy_services(order.services, text, hosts->begin, hosts->end);
	if (verify->trace.ring)
		snprintf(order.trace, sizeof(order.trace), GP_TRACE_NSS "%s",
			 verify->trace.name);
	verify_collect(verify, &verify->after_child, &order, verify->after);
	warn_of_unknown(cli, verify);
	is_good = !is_any_worse(verify) && verify_was_entered(verify, policy);
	if (is_good) {
		copy_services(order.earlier, text, hosts->begin, hosts->token);
		is_good = verify_acts(verify, cli, &order, policy);
	}
	end_child(&verify->after_child);
	end_child(&verify->acting_child);
	return is_good;
}
