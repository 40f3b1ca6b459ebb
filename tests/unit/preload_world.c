/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "guard/clock.h"
#include "guard/hint.h"
#include "guard/reach.h"
#include "nss/hosts_line.h"
#include "nss/inline.h"
#include "preload_world.h"
#include "rfc6724/source.h"

#define NAME "canonical.example"

/* ---- what stands behind the door ---- */

const char *preload_behind = "";
static uint16_t port;
int preload_error;
void (*preload_inside)(void);
atomic_int preload_calls, preload_freed;

void *__wrap_dlsym(void *handle, const char *name);
void *__real_dlsym(void *handle, const char *name);

/* Of BEHIND what HINTS ask for, as libc understands them. */
static void select_letters(const struct addrinfo *hints, char out[128])
{
	const int family = hints ? hints->ai_family : AF_UNSPEC;
	const int flags = hints ? hints->ai_flags : 0;
	const bool has_ipv6 = strpbrk(preload_behind, "123456789") != NULL;
	const bool maps = family == AF_INET6 && flags & AI_V4MAPPED &&
			  (!has_ipv6 || flags & AI_ALL);

	for (const char *at = preload_behind; *at; at++) {
		if (*at <= '9' ? family != AF_INET : family != AF_INET6)
			*out++ = *at;
		else if (*at >= 'a' && maps)
			*out++ = (char)(*at - 'a' + 'A');
	}
	*out = '\0';
}

/* The port stands at the same place in both families. */
static void set_nodes(struct addrinfo *node, int type, int flags)
{
	for (; node; node = node->ai_next) {
		node->ai_flags = flags;
		((struct sockaddr_in *)node->ai_addr)->sin_port = htons(port);
		if (type)
			node->ai_socktype = type;
	}
}

static int lookup_behind(const char *node, const char *service,
			 const struct addrinfo *hints, struct addrinfo **list)
{
	char letters[128];

	(void)node, (void)service;
	preload_calls++;
	if (preload_inside)
		preload_inside();
	errno = EXDEV; /* what it leaves there is the program's */
	select_letters(hints, letters);
	if (preload_error || !letters[0])
		return preload_error ? preload_error : EAI_NODATA;
	*list = addrlist_make(letters, hints && hints->ai_socktype ? 1 : 3,
			      hints && hints->ai_flags & AI_CANONNAME ? NAME : NULL);
	set_nodes(*list, hints ? hints->ai_socktype : 0,
		  hints ? hints->ai_flags : AI_V4MAPPED | AI_ADDRCONFIG);
	return 0;
}

static void free_behind(struct addrinfo *list)
{
	preload_freed++;
	addrlist_free(list);
}

void *__wrap_dlsym(void *handle, const char *name)
{
	if (!strcmp(name, "getaddrinfo"))
		return (void *)lookup_behind;
	if (!strcmp(name, "freeaddrinfo"))
		return (void *)free_behind;
	return __real_dlsym(handle, name);
}

/* ---- what nsswitch.conf says: nothing of use, whatever this machine's does ---- */

enum hosts_line __wrap_hosts_line_now(void);

enum hosts_line __wrap_hosts_line_now(void)
{
	return HOSTS_UNKNOWN;
}

/* ---- what the kernel says of ways, for order = rfc6724 ---- */

static const char *no_route = "";

void __wrap_gp_source_facts(const struct gp_source_ops *ops, enum gp_source_way way,
			    struct gp_destination *destinations, size_t count);
void __real_gp_source_facts(const struct gp_source_ops *ops, enum gp_source_way way,
			    struct gp_destination *destinations, size_t count);

static char letter_of(const struct gp_addr *addr)
{
	return (char)(addr->family == AF_INET ? 'a' - 1 + addr->bytes[3]
					      : '0' + addr->bytes[15]);
}

static bool has_no_route(const struct gp_addr *addr)
{
	return strchr(no_route, letter_of(addr)) != NULL;
}

/* Everything is native, and through one interface. */
void __wrap_gp_source_facts(const struct gp_source_ops *ops, enum gp_source_way way,
			    struct gp_destination *destinations, size_t count)
{
	if (world_real_facts) {
		__real_gp_source_facts(ops, way, destinations, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct gp_destination *one = &destinations[i];
		const bool is_ipv4 = one->addr.family == AF_INET;

		if (has_no_route(&one->addr))
			continue;
		CHECK(!gp_addr_parse(is_ipv4 ? "198.51.100.99" : "2001:db8::99",
				     &one->source));
		one->source_length = is_ipv4 ? 24 : 64;
		one->interface = 2;
	}
}

/* ---- cases ---- */

static void write_map(const struct preload_case *one)
{
	static _Alignas(64) uint8_t memory[1 << 20];
	const struct gp_reach_host host = {.expires_ms = gp_boot_ms() + 60000,
					   .ipv4_usable = !one->no_ipv4};
	struct gp_reach *map = gp_reach_format(memory);
	struct gp_prefix prefix;
	int fd;

	unlink(world_map());
	if (!one->has_map && !one->facts[0].prefix)
		return;
	gp_reach_set_host(map, &host);
	for (size_t i = 0; i < 2 && one->facts[i].prefix; i++) {
		CHECK(!gp_prefix_parse(one->facts[i].prefix, &prefix));
		CHECK(!gp_reach_set(map, &prefix, one->facts[i].verdict,
				    gp_boot_ms() + 60000));
	}
	fd = open(world_map(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, memory, gp_reach_size()) == (ssize_t)gp_reach_size());
	CHECK(!fchmod(fd, 0644) && !close(fd));
}

void preload_prepare(const struct preload_case *one)
{
	struct gp_guard_policy policy = world_policy(one->mode);

	policy.distrust = one->distrust;
	policy.enforce = !one->no_enforce;
	policy.aaaa_only = one->aaaa_only;
	policy.keep_last = !one->no_keep_last;
	world_preload.order = (uint8_t)one->order;
	world_probe = one->probe;
	if (!world_probe.budget_ms)
		gp_probe_policy_init(&world_probe);
	world_probe.is_inline = one->race != NULL;
	port = one->port < 0 ? 0 : 7;
	fake_race_set(one->race ? one->race : "");
	inline_ops = &fake_race_ops;
	no_route = one->no_route ? one->no_route : "";
	world_has_no_route = has_no_route;
	world_write(&policy, "dns");
	write_map(one);
	world_ipv4_usable = !one->no_ipv4;
	world_is_own = one->own;
	preload_behind = one->behind ? one->behind : "";
	preload_error = one->error == EAI_AGAIN ? EAI_AGAIN : 0;
	if (one->error == EAI_NONAME)
		preload_error = EAI_NONAME;
}

static int listen_for_hints(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	unlink(world_hints());
	strcpy(at.sun_path, world_hints());
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static void check_hint(const struct preload_case *one, int fd)
{
	uint8_t bytes[GP_HINT_SIZE_MAX + 1];
	struct gp_hint hint;
	char flags[GP_HINT_ADDRESSES + 1] = "";
	const ssize_t size = recv(fd, bytes, sizeof(bytes), 0);

	CHECK((size >= 0) == (one->hinted != NULL));
	if (size < 0)
		return;
	CHECK(gp_hint_parse(bytes, (size_t)size, &hint) == GP_OK);
	CHECK(hint.door == GP_DOOR_PRELOAD && hint.counters[GP_COUNT_LOOKUPS] == 1);
	for (uint8_t i = 0; i < hint.count; i++)
		flags[i] = hint.addresses[i].flags == GP_HINT_WITHHELD   ? 'W'
			   : hint.addresses[i].flags == GP_HINT_STRIPPED ? 'S'
									 : '.';
	if (strcmp(flags, one->hinted) != 0) {
		fprintf(stderr, "%s: hinted '%s'\n", one->what, flags);
		_exit(1);
	}
}

void preload_look_up(const struct preload_case *one, int type)
{
	const struct addrinfo hints = {
		.ai_family = one->family, .ai_flags = one->flags, .ai_socktype = type};
	struct addrinfo *list = NULL;
	char text[128];
	int error;

	preload_calls = 0;
	error = getaddrinfo(one->name ? one->name : "host.example", "80", &hints, &list);
	CHECK(errno == EXDEV);
	for (struct addrinfo *node = list; node; node = node->ai_next) {
		CHECK(node->ai_flags == one->flags);
		if (type)
			node->ai_socktype = addrlist_types[0];
	}
	addrlist_text(list, type ? 1 : 3, text);
	if (error != one->error || strcmp(text, one->got ? one->got : "") != 0 ||
	    preload_calls != (one->asked ? one->asked : 1)) {
		fprintf(stderr, "%s: error %d, '%s', asked %d times\n", one->what, error,
			text, preload_calls);
		_exit(1);
	}
	CHECK(!list || (one->flags & AI_CANONNAME) == 0 ||
	      !strcmp(list->ai_canonname, NAME));
	addrlist_free(list);
}

void preload_run(const void *arg)
{
	const struct preload_case *one = arg;
	const int fd = listen_for_hints();

	preload_prepare(one);
	preload_look_up(one, SOCK_STREAM);
	check_hint(one, fd);
	preload_look_up(one, 0);
	close(fd);
}

void preload_look_up_as(const char *expected)
{
	struct addrinfo *list = NULL;
	char text[128];

	CHECK(getaddrinfo("host.example", NULL, NULL, &list) == 0);
	CHECK(!strcmp(addrlist_text(list, 3, text), expected));
	addrlist_free(list);
}

/* ---- silence ---- */

unsigned preload_count_fds(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void compare_before_and_after(const struct preload_case *one, int output)
{
	char *const *environment = environ;
	char *const first = environ[0];
	struct addrinfo *list = NULL;
	sigset_t before, after;
	unsigned fds;
	int error;

	preload_prepare(one);
	memset(&before, 0, sizeof(before)); /* the kernel's set is smaller */
	memset(&after, 0, sizeof(after));
	sigprocmask(SIG_SETMASK, NULL, &before);
	fds = preload_count_fds();
	error = getaddrinfo("host.example", "80", NULL, &list);
	CHECK(error == one->error && errno == EXDEV);
	addrlist_free(list);
	CHECK(preload_count_fds() == fds);
	sigprocmask(SIG_SETMASK, NULL, &after);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK(environ == environment && environ[0] == first);
	CHECK(lseek(output, 0, SEEK_END) == 0);
}

/* Descriptors 1 and 2 are a file, which stays empty. */
void preload_run_silent(const void *arg)
{
	FILE *file = tmpfile();
	int output;

	CHECK(file);

	output = fileno(file);
	CHECK(dup2(output, 1) == 1 && dup2(output, 2) == 2);
	world_real_facts = true;
	compare_before_and_after(arg, output);
	fclose(file);
}
