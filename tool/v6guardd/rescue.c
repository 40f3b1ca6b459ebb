/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rescue.c - one socket, named by its cookie, in SYN_SENT, to a place on the internet. */
#include <stdio.h>
#include <string.h>

#include "guard/clock.h"
#include "guard/owner.h"
#include "rescue.h"

#define STATE_SYN_SENT 2

void rescue_init(struct rescue *rescue, int fd)
{
	*rescue = (struct rescue){
		.fd = fd, .tokens = RESCUE_TOKENS_MAX * 1000LL, .seen_ms = gp_boot_ms()};
}

static bool is_plausible(const struct message_rescue *request)
{
	return request->socket.remote.family == AF_INET6 &&
	       request->partner.family == AF_INET &&
	       request->socket.state == STATE_SYN_SENT &&
	       !gp_addr_is_special(&request->socket.remote) &&
	       !gp_addr_is_special(&request->partner);
}

static bool has_token(struct rescue *rescue)
{
	const long long now = gp_boot_ms();

	rescue->tokens += (now - rescue->seen_ms) * RESCUE_TOKENS_RATE;
	if (rescue->tokens > RESCUE_TOKENS_MAX * 1000LL)
		rescue->tokens = RESCUE_TOKENS_MAX * 1000LL;
	rescue->seen_ms = now;
	if (rescue->tokens < 1000)
		return false;
	rescue->tokens -= 1000;
	return true;
}

static bool is_excluded(const struct settings *settings, const struct gp_owner *owner)
{
	for (size_t i = 0; i < settings->excluded_count; i++)
		if (gp_owner_is(owner, settings->excluded[i]))
			return true;
	return false;
}

/* A program gives itself any name; it goes into JSON and onto terminals. */
static void copy_printable(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
	for (; *to; to++)
		if (*to < ' ' || *to > '~')
			*to = '?';
}

/* The inode is the kernel's, not the worker's word: whose socket is it really. */
static enum gp_status destroy(struct rescue *rescue, const struct settings *settings,
			      struct message_rescued *out)
{
	struct gp_socket found;
	struct gp_owner owner;
	const enum gp_status status = gp_sockdiag_find(rescue->fd, &out->socket, &found);

	if (status != GP_OK)
		return status;
	gp_owner_find(&found.inode, &owner, 1);
	out->pid = owner.pid;
	copy_printable(out->program, sizeof(out->program), owner.program);
	copy_printable(out->unit, sizeof(out->unit), owner.unit);
	/* Who cannot be named cannot be told from those that must be left alone. */
	if (settings->excluded_count && (!owner.pid || is_excluded(settings, &owner)))
		return GP_CONFLICT;
	return gp_sockdiag_destroy(rescue->fd, &found);
}

void rescue_do(struct rescue *rescue, const struct settings *settings,
	       const struct message_rescue *request, struct message_rescued *out)
{
	*out = (struct message_rescued){.socket = request->socket,
					.partner = request->partner,
					.why = request->why};
	if (!settings->rescue || !settings->guard.enforce)
		out->status = GP_PERM;
	else if (!is_plausible(request))
		out->status = GP_RANGE;
	else if (!has_token(rescue))
		out->status = GP_BUSY;
	else
		out->status = destroy(rescue, settings, out);
}
