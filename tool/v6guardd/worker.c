/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worker.c - one loop that ties the watchers to the verdicts: sockets and hints go in,
 * the map, probes, rescues and events come out.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/clock.h"
#include "worker_private.h"

/* What was seen is drawn together for so long before due tests are looked for. */
#define TICK_SOON_MS 100
#define ANCHORS_EVERY_MS 60000

struct timeval in_ms(long long ms)
{
	if (ms < 0)
		ms = 0;
	return (struct timeval){ms / 1000, ms % 1000 * 1000};
}

/* Make sure that the machine gets its tick no later than AT. */
static void tick_by(struct worker *worker, long long at_ms)
{
	const long long now = gp_boot_ms();
	const struct timeval delay = in_ms(at_ms - now);

	if (worker->tick_at_ms && worker->tick_at_ms <= at_ms)
		return;
	worker->tick_at_ms = at_ms;
	evtimer_add(worker->tick, &delay);
}

void tick_soon(struct worker *worker)
{
	tick_by(worker, gp_boot_ms() + TICK_SOON_MS);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	const long long now = gp_boot_ms();
	long long next;

	(void)fd, (void)what;
	worker->tick_at_ms = 0;
	for (size_t i = 0; i < worker->unmade_count; i++)
		verdict_probed(worker->verdicts, &worker->unmade[i].addr,
			       worker->unmade[i].port, VERDICT_PROBE_NOTHING, 0, now);
	worker->unmade_count = 0;
	next = verdicts_tick(worker->verdicts, now);
	if (next < now + TICK_SOON_MS)
		next = now + TICK_SOON_MS;
	/* New oks do not ask for a tick of their own: they expire to within this. */
	tick_by(worker, next < now + HOST_EVERY_MS ? next : now + HOST_EVERY_MS);
}

static void on_nscd(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	send_nscd(arg);
}

static void on_host(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	write_host(arg);
	tell_known_local(arg);
}

static void on_presence(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	note_presence(arg);
}

static void on_anchors(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	/* Not in step with other hosts that were started by the same minute. */
	const struct timeval again =
		in_ms(ANCHORS_EVERY_MS - gp_boot_ms() % (ANCHORS_EVERY_MS / 6));

	(void)fd, (void)what;
	ask_anchors(worker);
	evtimer_add(worker->anchors, &again);
}

/* ---- settings ---- */

static void use_settings(struct worker *worker)
{
	const struct settings *settings = &worker->settings;
	const struct verdict_rules rules = rules_of(settings);
	const struct timeval soon = in_ms(1000);

	verdicts_set_rules(worker->verdicts, &rules);
	prober_set_rate(worker->prober, settings->max_rate);
	eventlog_set_kinds(worker->log, settings->log_events);
	configure_resolver(worker);
	write_host(worker);
	tell_known_local(worker);
	if (settings->anchor_count)
		evtimer_add(worker->anchors, &soon);
	else
		evtimer_del(worker->anchors);
}

/* From FILE, which is closed; those before serve until then. */
static bool take_settings(struct worker *worker, int file)
{
	struct settings before = worker->settings, settings;

	if (!message_take_settings(file, &settings))
		return false;
	worker->settings = settings;
	use_settings(worker);
	settings_free(&before);
	return true;
}

static json_t *generation_value(long long generation)
{
	return generation < 0 ? json_null() : json_integer(generation);
}

static json_t *reload_value(const struct worker *worker)
{
	const bool is_good = !worker->config_error[0];
	json_t *value = json_pack("{s:b s:o}", "ok", is_good, "generation",
				  generation_value(read_generation()));

	if (!is_good)
		json_object_set_new(value, "error", json_string(worker->config_error));
	return value;
}

/* The policy is another file, and goes by a clock of its own: who is told that all was
 * read finds it in force, and no answer that was made by the one before. */
static void follow_policy(struct worker *worker)
{
	gp_live_look();
	if (worker->serve)
		serve_follow(worker->serve);
}

static void note_reload(struct worker *worker, const char *error)
{
	snprintf(worker->config_error, sizeof(worker->config_error), "%s", error);
	follow_policy(worker);
	eventlog_write(worker->log, EVENT_RELOAD, reload_value(worker));
}

/* Who asked for it waits until the resolver listens where it is to. */
static void end_reloads(struct worker *worker)
{
	for (; worker->reloads_due && !worker->wanted_count; worker->reloads_due--)
		control_reloaded(worker->control, reload_value(worker));
}

/* ---- the steward ---- */

/* FILE, which is closed, in place of a map that nobody finds any more. All writing is
 * done by this process: nothing changes while it is copied. */
static void replace_map(struct worker *worker, int file)
{
	const size_t size = gp_reach_size();
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	close(file);
	if (memory == MAP_FAILED || !gp_reach_check(memory, size)) {
		event_base_loopbreak(worker->base);
		return;
	}
	memcpy(memory, worker->files->map, size);
	munmap(worker->files->map, size);
	worker->files->map = memory;
}

static void take_message(struct worker *worker, struct message *message,
			 const int files[2])
{
	switch ((enum message_type)message->type) {
	case MESSAGE_SETTINGS:
		if (!take_settings(worker, files[0])) {
			note_reload(worker, "the settings cannot be read");
			break;
		}
		follow_listeners(worker);
		note_reload(worker, "");
		break;
	case MESSAGE_REFUSED:
		note_reload(worker, message->u.text);
		break;
	case MESSAGE_RELOADED:
		worker->reloads_due++;
		end_reloads(worker);
		break;
	case MESSAGE_RESCUED:
		on_rescued(worker, &message->u.rescued);
		break;
	case MESSAGE_ABILITY:
		worker->can_destroy = (enum gp_status)message->u.ability.can_destroy;
		break;
	case MESSAGE_GAI:
		on_gai(worker, &message->u.gai);
		break;
	case MESSAGE_LISTENER:
		on_listener(worker, &message->u.listener, files);
		end_reloads(worker);
		break;
	case MESSAGE_BARRED:
		hints_replace(worker->hints, files);
		break;
	case MESSAGE_MAP:
		replace_map(worker, files[0]);
		break;
	case MESSAGE_CONTROL:
		control_replace(worker->control, files[0]);
		break;
	case MESSAGE_READY:
	case MESSAGE_RELOAD:
	case MESSAGE_REREAD:
	case MESSAGE_RESCUE:
	case MESSAGE_NSCD:
	case MESSAGE_ULA:
	case MESSAGE_LISTEN:
	case MESSAGE_BAR:
		break; /* not his to say */
	}
}

static void on_steward(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	static struct message message;
	int got, files[2];

	(void)what;
	while ((got = message_receive_files(fd, &message, files)) >= 0)
		if (got > 0)
			take_message(worker, &message, files);
	if (errno != EAGAIN && errno != EINTR)
		event_base_loopbreak(worker->base);
}

static void on_terminate(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd, (void)what;
	event_base_loopbreak(worker->base);
}

/* ---- beginning and end ---- */

static bool make_events(struct worker *worker)
{
	struct event_base *base = worker->base;
	const struct timeval host_every = in_ms(HOST_EVERY_MS);

	worker->steward = event_new(base, worker->files->steward_fd, EV_READ | EV_PERSIST,
				    on_steward, worker);
	worker->terminate = evsignal_new(base, SIGTERM, on_terminate, worker);
	worker->tick = evtimer_new(base, on_tick, worker);
	worker->host = event_new(base, -1, EV_PERSIST, on_host, worker);
	worker->nscd = evtimer_new(base, on_nscd, worker);
	worker->anchors = evtimer_new(base, on_anchors, worker);
	worker->presence = evtimer_new(base, on_presence, worker);
	return worker->steward && worker->terminate && worker->tick && worker->host &&
	       worker->nscd && worker->anchors && worker->presence &&
	       !event_add(worker->steward, NULL) && !event_add(worker->terminate, NULL) &&
	       !event_add(worker->host, &host_every);
}

static bool begin(struct worker *worker)
{
	worker->base = event_base_new();
	worker->log = eventlog_new(worker->files->log_fd, worker->settings.log_events);
	if (!worker->base || !worker->log || !make_verdicts(worker) ||
	    !make_events(worker) || !make_watchers(worker) || !make_control(worker) ||
	    !make_resolver(worker))
		return false;
	use_settings(worker);
	tick_soon(worker);
	return message_send(worker->files->steward_fd, MESSAGE_READY, NULL);
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void end(struct worker *worker)
{
	struct gp_reach_host gone = {.expires_ms = 0};

	end_resolver(worker);
	control_free(worker->control);
	hints_free(worker->hints);
	suspects_free(worker->suspects);
	netwatch_free(worker->net);
	prober_free(worker->prober);
	free_event(worker->steward);
	free_event(worker->terminate);
	free_event(worker->tick);
	free_event(worker->host);
	free_event(worker->nscd);
	free_event(worker->anchors);
	free_event(worker->presence);
	verdicts_free(worker->verdicts);
	eventlog_free(worker->log);
	if (worker->base)
		event_base_free(worker->base);
	/* Doors need not wait until it expires. */
	gp_reach_set_host(worker->files->map, &gone);
}

int worker_run(struct worker_files *files, const struct settings *settings)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int status = 4;

	if (!worker)
		return status;
	worker->files = files;
	worker->settings = *settings;
	worker->started_ms = gp_boot_ms();
	worker->can_destroy = GP_PERM; /* until the steward says */
	worker->ula_told.count = ULA_ROWS + 1;
	if (begin(worker))
		status = event_base_dispatch(worker->base) < 0 ? 4 : 0;
	else
		fprintf(stderr, "v6guardd: the worker cannot start: %s\n",
			strerror(errno));
	end(worker);
	settings_free(&worker->settings);
	free(worker);
	return status;
}
