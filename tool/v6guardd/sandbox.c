/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sandbox.c - users, capabilities (libcap), system calls (libseccomp). */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "diag.h"
#include "sandbox.h"

static enum gp_status fail(struct gp_diag *diag, const char *what)
{
	return gp_diag_set(diag, GP_PERM, "", "%s: %s", what, strerror(errno));
}

/* ---- capabilities ---- */

/* Keep COUNT of CAPABILITIES, of what we have, and drop all else for good. */
static enum gp_status keep_capabilities(const cap_value_t *capabilities, int count,
					struct gp_diag *diag)
{
	cap_t all = cap_get_proc(), kept = cap_init();
	enum gp_status status = GP_OK;

	for (int i = 0; all && kept && i < count; i++) {
		cap_flag_value_t has = CAP_CLEAR;
		cap_get_flag(all, capabilities[i], CAP_PERMITTED, &has);
		if (has != CAP_SET)
			continue;
		cap_set_flag(kept, CAP_PERMITTED, 1, &capabilities[i], CAP_SET);
		cap_set_flag(kept, CAP_EFFECTIVE, 1, &capabilities[i], CAP_SET);
	}
	if (!all || !kept || cap_set_proc(kept) < 0)
		status = fail(diag, "capabilities cannot be dropped");
	cap_free(all);
	cap_free(kept);
	return status;
}

/* Has to come before CAP_SETPCAP goes; what is not in force is no obstacle. */
static void drop_bounding_set(void)
{
	for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++)
		cap_drop_bound(cap);
	cap_reset_ambient();
}

static enum gp_status no_new_privileges(struct gp_diag *diag)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(diag, "no_new_privs cannot be set");
	return GP_OK;
}

/* ID is there in this user namespace, by MAP (uid_map or gid_map of user_namespaces(7)).
 */
static bool is_mapped(const char *map, unsigned long id)
{
	FILE *file = fopen(map, "re");
	unsigned long inside, outside, count;
	bool is_there = false;

	if (!file)
		return true;
	while (!is_there && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3)
		is_there = id >= inside && id - inside < count;
	fclose(file);
	return is_there;
}

static enum gp_status become(const char *user, struct gp_diag *diag)
{
	const struct passwd *entry = getpwnam(user);

	if (!entry)
		return gp_diag_set(diag, GP_NOTFOUND, "", "there is no user '%s'", user);
	if (geteuid() != 0 || !is_mapped("/proc/self/uid_map", entry->pw_uid) ||
	    !is_mapped("/proc/self/gid_map", entry->pw_gid))
		return GP_OK;
	if (setgroups(0, NULL) < 0 ||
	    setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return fail(diag, "cannot become another user");
	return GP_OK;
}

enum gp_status sandbox_worker(const char *user, struct gp_diag *diag)
{
	enum gp_status status;

	drop_bounding_set();
	status = become(user, diag);
	if (status == GP_OK)
		status = keep_capabilities(NULL, 0, diag);
	if (status == GP_OK)
		status = no_new_privileges(diag);
	/* Nobody of the same user may look into us, nor we leave a core behind. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return status;
}

enum gp_status sandbox_steward(struct gp_diag *diag)
{
	/* Destroy sockets; read /proc/PID/fd of others, and configuration that only root
	 * may read; end the worker; bind the resolver's port. */
	static const cap_value_t kept[] = {CAP_NET_ADMIN, CAP_SYS_PTRACE,
					   CAP_DAC_READ_SEARCH, CAP_KILL,
					   CAP_NET_BIND_SERVICE};
	enum gp_status status;

	drop_bounding_set();
	status = keep_capabilities(kept, sizeof(kept) / sizeof(kept[0]), diag);
	return status == GP_OK ? no_new_privileges(diag) : status;
}

/* ---- system calls ---- */

#define SANITIZED_HERE 0
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef SANITIZED_HERE
#define SANITIZED_HERE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#undef SANITIZED_HERE
#define SANITIZED_HERE 1
#endif
#endif

/* What libc, libevent and jansson need in the worker's loop. Nothing by which a file
 * becomes shorter, or gets holes: programs have the reach map and the policy mapped. */
static const char *const allowed[] = {
	"accept4",
	"brk",
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"close",
	"connect",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd2",
	"exit",
	"exit_group",
	"fcntl",
	"fstat",
	"fstat64",
	"futex",
	"getegid",
	"geteuid",
	"getgid",
	"getpeername",
	"getpid",
	"getppid",
	"getrandom",
	"getrusage",
	"getsockname",
	"getsockopt",
	"gettid",
	"gettimeofday",
	"getuid",
	"lseek",
	"membarrier",
	"mremap",
	"munmap",
	"nanosleep",
	"newfstatat",
	"pipe2",
	"poll",
	"ppoll",
	"read",
	"readv",
	"recv",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_yield",
	"send",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",
	"sigaltstack",
	"socketpair",
	"stat",
	"statx",
	"sysinfo",
	"time",
	"timerfd_create",
	"timerfd_settime",
	"uname",
	"write",
	"writev",
};

/* libunbound binds the sockets it asks from; its zones are written to a file in memory.
 * Links' name servers are a file each, in a folder. */
static const char *const allowed_to_resolve[] = {
	"bind",
	"getdents64",
	"memfd_create",
};

/* Who makes these has been taken over. */
static const char *const deadly[] = {
	"execve",
	"execveat",
	"ptrace",
	"process_vm_readv",
	"process_vm_writev",
	"bpf",
	"mount",
	"umount2",
	"pivot_root",
	"chroot",
	"setns",
	"unshare",
	"init_module",
	"finit_module",
	"delete_module",
	"kexec_load",
	"reboot",
	"swapon",
	"keyctl",
	"add_key",
	"perf_event_open",
	"userfaultfd",
};

static bool add_names(scmp_filter_ctx filter, uint32_t action, const char *const *names,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int number = seccomp_syscall_resolve_name(names[i]);
		/* Some are of other machines, or of later kernels. */
		if (number != __NR_SCMP_ERROR &&
		    seccomp_rule_add(filter, action, number, 0) < 0)
			return false;
	}
	return true;
}

static bool add_conditions(scmp_filter_ctx filter)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i], 0)) <
		    0)
			return false;
	/* Files are read, and nothing is made executable. */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC,
					O_RDONLY)) >= 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) >= 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) >= 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0)) >= 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				SCMP_A1(SCMP_CMP_EQ, FIONBIO, 0)) >= 0 &&
	       /* Not MADV_REMOVE, which is a hole in a file that others have mapped: a
		* fallocate() without a descriptor. */
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(madvise), 1,
				SCMP_A2(SCMP_CMP_NE, MADV_REMOVE, 0)) >= 0 &&
	       /* abort(). */
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)) >= 0 &&
	       /* Asking for limits, not setting them. */
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
				SCMP_A2(SCMP_CMP_EQ, 0, 0)) >= 0;
}

/* Zones of link-local name servers: names of interfaces. */
static bool add_resolver(scmp_filter_ctx filter)
{
	return add_names(filter, SCMP_ACT_ALLOW, allowed_to_resolve,
			 sizeof(allowed_to_resolve) / sizeof(allowed_to_resolve[0])) &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				SCMP_A1(SCMP_CMP_EQ, SIOCGIFINDEX, 0)) >= 0;
}

enum gp_status sandbox_seccomp(bool resolves, struct gp_diag *diag)
{
	scmp_filter_ctx filter;
	bool is_built;
	int error;

	/* A sanitizer's runtime needs more than the program. */
	if (SANITIZED_HERE)
		return GP_OK;
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return gp_diag_set(diag, GP_NOMEM, "", "no memory");
	is_built = add_names(filter, SCMP_ACT_ALLOW, allowed,
			     sizeof(allowed) / sizeof(allowed[0])) &&
		   add_names(filter, SCMP_ACT_KILL_PROCESS, deadly,
			     sizeof(deadly) / sizeof(deadly[0])) &&
		   add_conditions(filter) && (!resolves || add_resolver(filter));
	error = is_built ? seccomp_load(filter) : -ENOMEM;
	seccomp_release(filter);
	if (error == 0)
		return GP_OK;
	return gp_diag_set(diag,
			   error == -EINVAL || error == -ENOSYS || error == -EOPNOTSUPP
				   ? GP_UNSUPPORTED
				   : GP_IO,
			   "", "system calls cannot be filtered: %s", strerror(-error));
}
