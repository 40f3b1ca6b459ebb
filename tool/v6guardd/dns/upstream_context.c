/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_context.c - see upstream_context.h. */
#include <stdlib.h>

#include "tidy.h"
#include "ub_loop.h"
#include "upstream_config.h"
#include "upstream_context.h"

#define SETUP (4 << 20)

struct contexts {
	struct ub_event_base *loop;
	struct event *sweep;
	struct context *retired;
};

static void free_context(struct context *context)
{
	if (context->ctx)
		ub.delete(context->ctx);
	free(context);
}

/* Not out of one of its own callbacks. */
static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	struct contexts *contexts = arg;
	struct context **at = &contexts->retired;
	bool has_freed = false;

	(void)fd, (void)what;
	while (*at) {
		struct context *context = *at;
		if (context->waiting) {
			at = &context->next;
			continue;
		}
		*at = context->next;
		free_context(context);
		has_freed = true;
	}
	/* Another one takes other pages: without that each of many costs some. */
	if (has_freed)
		tidy_now();
}

static void sweep_soon(struct contexts *contexts)
{
	const struct timeval now = {0, 0};

	evtimer_add(contexts->sweep, &now);
}

void contexts_retire(struct contexts *contexts, struct context **context)
{
	if (!*context)
		return;
	(*context)->next = contexts->retired;
	contexts->retired = *context;
	*context = NULL;
	sweep_soon(contexts);
}

void contexts_answered(struct contexts *contexts, struct context *context)
{
	context->waiting--;
	if (!context->waiting && contexts->retired)
		sweep_soon(contexts);
}

/* libunbound dies of a lack of memory while it is set up, until its first question is
 * asked: found by experiment. */
static bool has_room(void)
{
	void *volatile room = malloc(SETUP);
	const bool has = room != NULL;

	free(room);
	return has;
}

struct context *contexts_add(struct contexts *contexts, const struct servers *servers,
			     bool validates, bool by_tcp, upstream_choose_fn *choose,
			     const void *ctx)
{
	struct context *context = has_room() ? calloc(1, sizeof(*context)) : NULL;

	if (!context)
		return NULL;
	context->ctx = ub.create(contexts->loop);
	if (context->ctx) {
		ub.debugout(context->ctx, NULL);
		if (upstream_config_set(context->ctx, servers, validates, by_tcp, choose,
					ctx))
			return context;
	}
	free_context(context);
	return NULL;
}

struct contexts *contexts_new(struct event_base *base)
{
	struct contexts *contexts = calloc(1, sizeof(*contexts));

	if (!contexts)
		return NULL;
	contexts->loop = ub_loop_new(base);
	contexts->sweep = evtimer_new(base, on_sweep, contexts);
	if (contexts->loop && contexts->sweep)
		return contexts;
	contexts_free(contexts);
	return NULL;
}

void contexts_hear(struct contexts *contexts, struct ub_heard *heard)
{
	ub_loop_hear(contexts->loop, heard);
}

void contexts_free(struct contexts *contexts)
{
	if (!contexts)
		return;
	while (contexts->retired) {
		struct context *context = contexts->retired;
		contexts->retired = context->next;
		free_context(context);
	}
	if (contexts->sweep)
		event_free(contexts->sweep);
	ub_loop_free(contexts->loop);
	free(contexts);
}
