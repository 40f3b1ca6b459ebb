/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* steward.c - a small loop: the worker's messages, signals, the configuration's folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns/listen_bind.h"
#include "guard/clock.h"
#include "guard/nscd.h"
#include "begin.h"
#include "folder.h"
#include "hint_sockets.h"
#include "knownlocal.h"
#include "lastgood.h"
#include "message.h"
#include "notify.h"
#include "rescue.h"
#include "runfolder.h"
#include "sandbox.h"
#include "say.h"
#include "steward.h"

#define NSCD_EVERY_MS 2000
#define RELOAD_EVERY_MS 200
/* As many as may ask at a time (control.c). */
#define RELOADS_MOST 32
/* The worker, asked to end, has so long. */
#define GOODBYE_MS 3000
#define BAR_SAY_EVERY_MS 60000

struct steward {
	const struct steward_options *options;
	struct settings settings;
	struct rescue rescue;
	struct folder folder;
	struct knownlocal known;
	struct runfolder run;
	struct message_bar bar; /* whom the worker has shut out */
	int worker_fd, signal_fd, ready_fd;
	bool may_resolve;   /* the worker has begun as a resolver */
	pid_t worker, nscd; /* 0: none */
	long long nscd_at_ms, nscd_done_ms;
	long long watchdog_at_ms, bar_said_ms;
	long long reload_at_ms, reload_done_ms; /* the worker's wish; 0: none */
	unsigned reloads_asked;                 /* answers that are due then */
	bool is_ready;
	bool is_over, is_asked; /* to end: by a signal */
	int status;
};

/* ---- the configuration ---- */

static void send_ability(struct steward *steward)
{
	struct message message = {
		.u.ability = {(uint32_t)gp_sockdiag_can_destroy(steward->rescue.fd)}};

	message_send(steward->worker_fd, MESSAGE_ABILITY, &message);
	if (steward->settings.rescue && message.u.ability.can_destroy != GP_OK)
		say("rescue is on, but sockets cannot be destroyed here: %s",
		    gp_status_text((enum gp_status)message.u.ability.can_destroy));
}

/* What is in force, in a line. */
static void say_settings(const struct settings *settings, const char *what)
{
	static const char *const probe[] = {"off", "suspects", "all"};

	say("%s: mode %s, probe %s, rescue %s%s", what,
	    gp_mode_name((enum gp_mode)settings->guard.mode), probe[settings->probe_mode],
	    settings->rescue ? "on" : "off",
	    settings->guard.enforce ? "" : ", nothing is enforced");
}

/* SETTINGS are ours from now on. */
static void take_settings(struct steward *steward, const struct settings *settings)
{
	/* The worker cannot open files. */
	if (strcmp(settings->log_to, steward->settings.log_to) != 0)
		say("[log] to = %s takes a restart", settings->log_to);
	/* Nor may it load libunbound any more. */
	if (settings->dns.enable && !steward->may_resolve)
		say("[resolver] enable = yes takes a restart");
	settings_free(&steward->settings);
	steward->settings = *settings;
	knownlocal_configure(&steward->known, settings->known_local, gp_boot_ms());
	say_settings(settings, "configuration read");
}

/* What was done to gai.conf, or was not. */
static void keep_known_local(struct steward *steward)
{
	static struct message message;
	const struct knownlocal_report *report = &steward->known.report;

	if (!knownlocal_do(&steward->known, gp_boot_ms()))
		return;
	message.u.gai = *report;
	message_send(steward->worker_fd, MESSAGE_GAI, &message);
	if (report->detail[0])
		say("known-local-ula: %s", report->detail);
	else
		say("known-local-ula: %u prefix%s in " KNOWNLOCAL_FILE,
		    report->rows.count, report->rows.count == 1 ? "" : "es");
}

/* False, and WHY: it goes on as before, and SETTINGS are gone. */
static bool tell_worker(struct steward *steward, struct settings *settings,
			char why[FOLDER_ERROR])
{
	if (message_send_settings(steward->worker_fd, settings))
		return true;
	snprintf(why, FOLDER_ERROR, "the worker cannot be told: %s", strerror(errno));
	say("%s", why);
	settings_free(settings);
	return false;
}

/* For a start at which it cannot be read. */
static void keep(const char *text)
{
	if (text && !lastgood_keep(text))
		say("%s cannot be written: %s", LASTGOOD_FILE, strerror(errno));
}

static void refuse(struct steward *steward, const char *why)
{
	static struct message message;

	memset(&message, 0, sizeof(message));
	snprintf(message.u.text, sizeof(message.u.text), "%s", why);
	message_send(steward->worker_fd, MESSAGE_REFUSED, &message);
}

/* The worker, and whoever asked it for the reload, waits for one of the two. */
static void reload(struct steward *steward)
{
	struct settings settings;
	char *text = NULL;
	const bool has_ipv4 = gp_reach_ipv4_usable(steward->run.map, gp_boot_ms());
	char first[FOLDER_ERROR] = "";

	folder_done(&steward->folder);
	notify("RELOADING=1");
	if (folder_load(steward->options->dir, &has_ipv4, &settings, first, &text) == 0 &&
	    tell_worker(steward, &settings, first)) {
		take_settings(steward, &settings);
		keep(text);
		send_ability(steward);
		notify("READY=1\nSTATUS=configuration read");
	} else {
		refuse(steward, first);
		say("the configuration before stays in force");
		notify("READY=1\nSTATUS=the configuration has errors; the one before "
		       "stays in force");
	}
	free(text);
}

/* ---- the worker's wishes ---- */

static void do_rescue(struct steward *steward, const struct message_rescue *request)
{
	static struct message reply;

	rescue_do(&steward->rescue, &steward->settings, request, &reply.u.rescued);
	message_send(steward->worker_fd, MESSAGE_RESCUED, &reply);
}

/* Sockets for ENDPOINT, if that is where the resolver is to listen. */
static void do_listen(struct steward *steward, const struct dns_endpoint *endpoint)
{
	static struct message reply;
	const struct dns_config *config = &steward->settings.dns;
	struct listen_fds fds = {-1, -1};
	char *why = reply.u.listener.why;

	why[0] = '\0';
	if (config->enable && dns_listens_on(config, endpoint) &&
	    !listen_bind(endpoint, &fds, why))
		say("resolver: %s", why);
	const int files[2] = {fds.udp, fds.tcp};
	reply.u.listener.endpoint = *endpoint;
	message_send_files(steward->worker_fd, MESSAGE_LISTENER, &reply,
			   fds.udp >= 0 ? files : NULL);
	listen_close(&fds);
}

/* One of them: there may be many, and again and again. */
static void say_barred(struct steward *steward, const struct message_bar *bar)
{
	const long long now = gp_boot_ms();

	if (!bar->count ||
	    (steward->bar_said_ms && now - steward->bar_said_ms < BAR_SAY_EVERY_MS))
		return;
	steward->bar_said_ms = now;
	say("hints: uid %u sends hundreds a second, and is shut out for a minute",
	    bar->uids[bar->count - 1]);
}

/* The worker that is not told reads sockets that nobody sees any more: it hangs. */
static void do_bar(struct steward *steward, const struct message_bar *bar)
{
	int fds[HINT_SOCKETS];
	const bool is_made = hint_sockets_open(fds, bar->uids, bar->count);

	if (!is_made)
		say("hints: users who flood cannot be shut out: %s", strerror(errno));
	else
		say_barred(steward, bar);
	if (!message_send_files(steward->worker_fd, MESSAGE_BARRED, NULL,
				is_made ? fds : NULL) &&
	    is_made)
		steward->is_over = true;
	hint_sockets_close(fds);
}

static void on_ready(struct steward *steward)
{
	const char byte = 1;

	send_ability(steward);
	say_settings(&steward->settings, "started");
	keep(steward->options->text);
	if (steward->options->trouble[0]) {
		refuse(steward, steward->options->trouble);
		notify("READY=1\nSTATUS=the configuration has errors; running on what "
		       "was kept");
	} else {
		notify("READY=1\nSTATUS=watching");
	}
	if (steward->ready_fd < 0)
		return;
	begin_let_go();
	say_to_syslog();
	if (write(steward->ready_fd, &byte, 1) < 0)
		steward->is_over = true; /* who waited for it is gone */
	close(steward->ready_fd);
	steward->ready_fd = -1;
}

/* At once, unless there was one just now: a worker that asks on and on must not keep the
 * steward from all else. */
static void want_reload(struct steward *steward)
{
	const long long now = gp_boot_ms();
	const long long earliest = steward->reload_done_ms + RELOAD_EVERY_MS;

	if (!steward->reload_at_ms)
		steward->reload_at_ms = now > earliest ? now : earliest;
}

/* One for all who have asked. */
static void do_reload(struct steward *steward)
{
	reload(steward);
	steward->reload_at_ms = 0;
	steward->reload_done_ms = gp_boot_ms();
	for (; steward->reloads_asked; steward->reloads_asked--)
		message_send(steward->worker_fd, MESSAGE_RELOADED, NULL);
}

static void want_nscd(struct steward *steward)
{
	const long long now = gp_boot_ms();
	const long long earliest = steward->nscd_done_ms + NSCD_EVERY_MS;

	if (!steward->nscd_at_ms)
		steward->nscd_at_ms = now > earliest ? now : earliest;
}

static void take_message(struct steward *steward, const struct message *message)
{
	switch ((enum message_type)message->type) {
	case MESSAGE_READY:
		if (!steward->is_ready)
			on_ready(steward);
		steward->is_ready = true;
		break;
	case MESSAGE_RELOAD:
		if (steward->reloads_asked < RELOADS_MOST)
			steward->reloads_asked++;
		want_reload(steward);
		break;
	case MESSAGE_REREAD:
		want_reload(steward);
		break;
	case MESSAGE_RESCUE:
		do_rescue(steward, &message->u.rescue);
		break;
	case MESSAGE_NSCD:
		want_nscd(steward);
		break;
	case MESSAGE_ULA:
		knownlocal_tell(&steward->known, &message->u.ula, gp_boot_ms());
		break;
	case MESSAGE_LISTEN:
		do_listen(steward, &message->u.endpoint);
		break;
	case MESSAGE_BAR:
		steward->bar = message->u.bar;
		do_bar(steward, &message->u.bar);
		break;
	case MESSAGE_SETTINGS:
	case MESSAGE_REFUSED:
	case MESSAGE_RELOADED:
	case MESSAGE_RESCUED:
	case MESSAGE_ABILITY:
	case MESSAGE_GAI:
	case MESSAGE_LISTENER:
	case MESSAGE_BARRED:
	case MESSAGE_MAP:
	case MESSAGE_CONTROL:
		break; /* not his to say */
	}
}

static void take_messages(struct steward *steward)
{
	static struct message message;

	/* A few at a time: signals are heard as well. */
	for (unsigned i = 0; i < 16; i++) {
		const int got = message_receive(steward->worker_fd, &message);
		if (got > 0)
			take_message(steward, &message);
		else if (got < 0 && errno != EAGAIN)
			steward->is_over = true;
		if (got < 0)
			return;
	}
}

/* By a child: an nscd that hangs must not hold up rescues. */
static void flush_nscd(struct steward *steward)
{
	steward->nscd_at_ms = 0;
	steward->nscd_done_ms = gp_boot_ms();
	if (steward->nscd) {
		want_nscd(steward);
		return;
	}
	if (!gp_nscd_is_running())
		return;
	steward->nscd = fork();
	if (steward->nscd < 0)
		steward->nscd = 0;
	if (steward->nscd == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Neither the worker nor the next v6guardd is to wait for us. */
		close(steward->worker_fd);
		close(steward->run.files->lock_fd);
		if (steward->run.files->guard_fd >= 0)
			close(steward->run.files->guard_fd);
		gp_nscd_flush();
		_exit(0);
	}
}

/* ---- signals ---- */

static int block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void on_worker_ended(struct steward *steward, int status)
{
	steward->worker = 0;
	steward->is_over = true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && steward->is_asked)
		return;
	steward->status = 4;
	if (WIFSIGNALED(status))
		say("the worker was ended by signal %d", WTERMSIG(status));
	else
		say("the worker ended with status %d", WEXITSTATUS(status));
}

static void on_child(struct steward *steward)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == steward->worker)
			on_worker_ended(steward, status);
		else if (pid == steward->nscd)
			steward->nscd = 0;
	}
}

static void take_signals(struct steward *steward)
{
	struct signalfd_siginfo info;

	while (read(steward->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(steward);
		else if (info.ssi_signo == SIGCHLD)
			on_child(steward);
		else
			steward->is_over = steward->is_asked = true;
	}
}

/* ---- the loop ---- */

static void look_at_run(struct steward *steward)
{
	bool wants_hints;

	if (!runfolder_look(&steward->run, steward->worker_fd, &wants_hints)) {
		steward->is_over = true;
		steward->status = 4;
	} else if (wants_hints) {
		do_bar(steward, &steward->bar);
	}
}

static void sooner(long long *first, long long at)
{
	if (at && (!*first || at < *first))
		*first = at;
}

static int patience(const struct steward *steward)
{
	long long first = 0;

	sooner(&first, folder_due(&steward->folder));
	sooner(&first, steward->nscd_at_ms);
	sooner(&first, steward->reload_at_ms);
	sooner(&first, steward->run.due_ms);
	sooner(&first, steward->known.due_ms);
	sooner(&first, steward->watchdog_at_ms);
	if (!first)
		return -1;
	first -= gp_boot_ms();
	return first < 0 ? 0 : (int)first;
}

static void do_due(struct steward *steward)
{
	const long long now = gp_boot_ms(), changed = folder_due(&steward->folder);

	if (changed && changed <= now)
		reload(steward);
	if (steward->reload_at_ms && steward->reload_at_ms <= now)
		do_reload(steward);
	if (steward->run.due_ms && steward->run.due_ms <= now)
		look_at_run(steward);
	keep_known_local(steward);
	if (steward->nscd_at_ms && steward->nscd_at_ms <= now)
		flush_nscd(steward);
	if (steward->watchdog_at_ms && steward->watchdog_at_ms <= now) {
		/* Of a worker that hangs the map is not kept. After a suspension it takes
		 * a moment. */
		const bool is_alive = gp_reach_is_live(steward->run.map, now);
		if (is_alive)
			notify("WATCHDOG=1");
		steward->watchdog_at_ms = now + (is_alive ? notify_watchdog_ms() : 1000);
	}
}

static void loop(struct steward *steward)
{
	while (!steward->is_over) {
		struct pollfd fds[] = {{steward->worker_fd, POLLIN, 0},
				       {steward->signal_fd, POLLIN, 0},
				       {steward->folder.fd, POLLIN, 0},
				       {steward->run.fd, POLLIN, 0}};
		if (poll(fds, 4, patience(steward)) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			take_signals(steward);
		if (fds[0].revents)
			take_messages(steward);
		if (fds[2].revents)
			folder_take(&steward->folder, gp_boot_ms());
		if (fds[3].revents)
			runfolder_take(&steward->run);
		do_due(steward);
	}
}

/* The closed socket is what ends the worker; a signal, if it hangs. */
static void dismiss(struct steward *steward)
{
	struct pollfd fd = {steward->signal_fd, POLLIN, 0};
	const long long end = gp_boot_ms() + GOODBYE_MS;

	notify("STOPPING=1");
	close(steward->worker_fd);
	while (steward->worker && gp_boot_ms() < end) {
		poll(&fd, 1, 50);
		take_signals(steward);
		on_child(steward);
	}
	if (steward->worker) {
		kill(steward->worker, SIGKILL);
		waitpid(steward->worker, NULL, 0);
	}
	/* One that was not asked to end is started again at once. */
	if (steward->is_asked)
		knownlocal_end(&steward->known);
}

/* ---- the worker's beginning ---- */

static void close_workers(struct worker_files *files)
{
	int *const fds[] = {&files->control_fd, &files->dump_fd, &files->event_fd,
			    &files->route_fd, &files->log_fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	hint_sockets_close(files->hint_fds);
	for (size_t i = 0; i < files->dns_count; i++)
		listen_close(&files->dns[i]);
}

static bool fork_worker(struct steward *steward, struct files *files)
{
	const pid_t self = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) <
	    0)
		return false;
	steward->worker = fork();
	if (steward->worker == 0) {
		close(pair[0]);
		close(steward->signal_fd);
		begin_worker(files, &steward->settings, steward->ready_fd, pair[1], self);
	}
	close(pair[1]);
	steward->worker_fd = pair[0];
	close_workers(&files->worker);
	return steward->worker > 0;
}

int steward_run(const struct steward_options *options, struct files *files,
		const struct settings *settings, int ready_fd)
{
	static struct steward steward;
	struct gp_diag diag;
	const int watchdog = notify_watchdog_ms();

	steward = (struct steward){.options = options,
				   .settings = *settings,
				   .ready_fd = ready_fd,
				   .may_resolve = settings->dns.enable,
				   .signal_fd = block_signals()};
	if (steward.signal_fd < 0 || !fork_worker(&steward, files)) {
		say("the worker cannot be started: %s", strerror(errno));
		return 4;
	}
	runfolder_begin(&steward.run, files);
	rescue_init(&steward.rescue, gp_sockdiag_open());
	folder_watch(&steward.folder, options->dir);
	knownlocal_configure(&steward.known, settings->known_local, gp_boot_ms());
	steward.watchdog_at_ms = watchdog ? gp_boot_ms() + watchdog : 0;
	if (sandbox_steward(&diag) == GP_OK) {
		loop(&steward);
	} else {
		say("%s", diag.text);
		steward.status = 4;
	}
	dismiss(&steward);
	return steward.status;
}
