/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c - the command table, and nothing of any command. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h> /* optind */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "options.h"

#define ENABLE_OPTIONS (ON_DRY_RUN | ON_VERIFY)

static const struct command commands[] = {
	{"status", NULL, cmd_status, 0, 0, "", "what is in force, and whether it works",
	 "Exit 1 while something is off, missing or degraded.\n"},
	{"enable", NULL, cmd_enable, ENABLE_OPTIONS | ON_DOORS, 0,
	 "[--doors nss] [--verify NAME]... [--dry-run]",
	 "switch v6guard on for this host",
	 "Checks the configuration, compiles it, puts v6guard into the hosts: line of\n"
	 "nsswitch.conf and looks names up; all is put back when one no longer works.\n"},
	{"disable", NULL, cmd_disable, ON_DRY_RUN | ON_DOORS, 0,
	 "[--doors nss] [--dry-run]", "take v6guard out of the host again",
	 "The compiled policy stays.\n"},
	{"off", NULL, cmd_off, ON_FOR | ON_DRY_RUN, 0, "[--for TIME] [--dry-run]",
	 "every door passes through, within 1 s",
	 "For TIME (500ms, 30s, 10m, 2h, 1d), or until `v6guard on`; survives a "
	 "restart.\n"},
	{"on", NULL, cmd_on, ON_DRY_RUN, 0, "[--dry-run]", "end `off`", ""},
	{"mode", NULL, cmd_mode, ON_DRY_RUN, 1, "[MODE] [--dry-run]",
	 "show or set the mode",
	 "MODE is off, auto, prefer-ipv4, prefer-ipv6, strip-aaaa or strip-a. It is set "
	 "in\n"
	 "the configuration, which is then applied.\n"},
	{"apply", NULL, cmd_apply, ON_CHECK | ON_DRY_RUN, 0, "[--check] [--dry-run]",
	 "compile the configuration, put it in force", "--check only compiles.\n"},
	{"config", "check", cmd_config_check, 0, 0, "", "look for errors in it", ""},
	{"config", "show", cmd_config_show, 0, 0, "",
	 "every setting, and where it comes from", ""},
	{"config", "get", cmd_config_get, 0, 1, "SECTION.KEY", "one value", ""},
	{"config", "set", cmd_config_set, ON_DRY_RUN, INT_MAX,
	 "SECTION.KEY VALUE... [--dry-run]", "set it where it is set, and apply that",
	 "Else in v6guard.conf. Every other byte stays.\n"},
	{"rule", "list", cmd_rule_list, 0, 0, "", "the rules, by priority", ""},
	{"rule", "add", cmd_rule_add, ON_DRY_RUN, INT_MAX,
	 "NAME KEY=VALUE... [--dry-run]", "add a rule to v6guard.conf, and apply that",
	 "KEYs as in v6guard.conf(5); priority and action have to be there. A key that "
	 "is\n"
	 "said twice is a list.\n"},
	{"rule", "del", cmd_rule_del, ON_DRY_RUN, 1, "NAME [--dry-run]",
	 "remove a rule, and apply that", "The comment right above it goes with it.\n"},
	{"rule", "test", cmd_rule_test, ON_PROGRAM, INT_MAX,
	 "NAME [ADDRESS]... | ADDRESS... [--program PATH]",
	 "which rule is about a name or an address",
	 "By the code of the doors. --program: as if that program asked.\n"},
	{"preset", "list", cmd_preset_list, 0, 0, "", "ways to begin, by name", ""},
	{"preset", "show", cmd_preset_show, 0, INT_MAX,
	 "phase1|phase2|prefer-ipv4|distrust [PREFIX|NAME]...",
	 "what one would write here", ""},
	{"preset", "apply", cmd_preset_apply, ON_DRY_RUN, INT_MAX,
	 "phase1|phase2|prefer-ipv4|distrust [PREFIX|NAME]... [--dry-run]",
	 "write it into v6guard.conf, and apply that",
	 "One takes the place of another. phase1, phase2: for an IPv6 that is being "
	 "built\n"
	 "up; PREFIX and NAME, with phase2, are what works as well.\n"},
	{"nss", "enable", cmd_nss_enable, ENABLE_OPTIONS, 0,
	 "[--verify NAME]... [--dry-run]", "put v6guard into the hosts: line", ""},
	{"nss", "disable", cmd_nss_disable, ON_DRY_RUN, 0, "[--dry-run]",
	 "take v6guard out of the hosts: line", ""},
	{"nss", "status", cmd_nss_status, 0, 0, "",
	 "is it there, and what stands behind it",
	 "Exit 1 when it is not there, or cannot act.\n"},
	{"run", NULL, cmd_run,
	 ON_MODE | ON_CONFIG | ON_TRACE | ON_COMPARE | ON_LIMIT | ON_NO_PROBE, INT_MAX,
	 "[--mode MODE] [--config FILE] [--trace] [--compare [--limit TIME]] "
	 "[--no-probe] "
	 "[--] PROGRAM [ARG]...",
	 "run a program with libv6guard-preload.so",
	 "There the order of addresses can change as well. --trace shows each lookup's\n"
	 "decision; --compare runs PROGRAM plain before, for TIME (10s) at most. In "
	 "mode\n"
	 "auto without v6guardd IPv6 is raced against IPv4; not with --no-probe.\n"
	 "Exit status: the program's, 128+N for signal N; 125 v6guard's own trouble,\n"
	 "126 PROGRAM cannot be run or guarded, 127 there is no such program.\n"},
	{"attach", NULL, cmd_attach, ON_MODE | ON_DRY_RUN, 1,
	 "UNIT [--mode MODE] [--dry-run]", "the same for a service, by a drop-in",
	 "Keeps what LD_PRELOAD its unit has. It acts when the service is started "
	 "next.\n"},
	{"detach", NULL, cmd_detach, ON_DRY_RUN, 1, "UNIT [--dry-run]",
	 "remove that drop-in", ""},
	{"watch", NULL, cmd_watch, 0, 0, "", "status, kept up to date until you press q",
	 ""},
	{"stuck", NULL, cmd_stuck, ON_WATCH | ON_RESCUE, 0, "[--watch] [--rescue]",
	 "which programs hang on dead IPv6 now; free them",
	 "Works without the daemon and without an install. --watch goes on until it is\n"
	 "interrupted. --rescue makes each of them go on to its next address; it needs "
	 "root.\n"},
	{"verdict", "list", cmd_verdict_list, 0, 0, "",
	 "what v6guardd knows of which addresses", ""},
	{"verdict", "set", cmd_verdict_set, ON_FOR, 2,
	 "PREFIX ok|broken|slow [--for TIME]", "say what an address or prefix is",
	 "PREFIX is an IPv6 address, a /48 or ::/0. It holds for an hour, or TIME, "
	 "whatever\nis seen meanwhile.\n"},
	{"verdict", "clear", cmd_verdict_clear, 0, 1, "[PREFIX]",
	 "forget what is known, and find out anew", ""},
	{"resolver", "status", cmd_resolver_status, 0, 0, "",
	 "v6guardd's resolver: does it run, whom does it ask",
	 "Exit 1 when it is off or degraded.\n"},
	{"resolver", "query", cmd_resolver_query, ON_REVERSE | ON_DNSSEC, 2,
	 "NAME|ADDRESS [TYPE] [-x] [--dnssec]",
	 "ask it, and see why the answer is as it is",
	 "TYPE is AAAA unless another one is said; the names of an ADDRESS are its PTR.\n"
	 "-x: nothing but an address will do. --dnssec: as a client that sees "
	 "signatures (DO).\nExit 1 when there is no record.\n"},
	{"resolver", "stats", cmd_resolver_stats, 0, 0, "", "what it did so far", ""},
	{"resolver", "flush", cmd_resolver_flush, 0, 1, "[NAME]",
	 "forget the answers it keeps", ""},
	{"resolver", "enable", cmd_resolver_enable, ENABLE_OPTIONS, 0,
	 "[--verify NAME]... [--dry-run]", "let resolv.conf lead to it",
	 "Compares what it says of this host's names with what its servers say, before "
	 "and\nafter; all is put back when that differs. The servers that were there "
	 "stay "
	 "in the\nfile, for it to ask.\n"},
	{"resolver", "disable", cmd_resolver_disable, ON_DRY_RUN, 0, "[--dry-run]",
	 "put resolv.conf back", ""},
	{"policy", "show", cmd_policy_show,
	 ON_FILE | ON_EFFECTIVE | ON_PROFILE | ON_KERNEL, 0,
	 "[--effective|--file|--profile NAME|--kernel]",
	 "the tables that addresses are sorted by",
	 "--effective, which needs not be said: all that hold, with where each row is\n"
	 "from. --file: what gai.conf says. --profile: glibc, rfc6724 or "
	 "rfc6724-update.\n--kernel: beside the labels by which the kernel picks source "
	 "addresses.\n"},
	{"policy", "set", cmd_policy_set, ON_DRY_RUN | ON_MINIMAL | ON_KERNEL, 3,
	 "precedence|label|scopev4 PREFIX VALUE [--minimal] [--kernel] [--dry-run]",
	 "set a row of gai.conf",
	 "Or `reload yes|no`. Where the file has no row of that kind, glibc's own table\n"
	 "is written out first: one row alone would drop it. --minimal does not. "
	 "--kernel\n"
	 "sets the kernel's label as well, as `ip addrlabel` does.\n"},
	{"policy", "del", cmd_policy_del, ON_DRY_RUN, INT_MAX,
	 "precedence|label|scopev4 PREFIX... [--dry-run]", "delete rows of gai.conf", ""},
	{"policy", "reset", cmd_policy_reset, ON_DRY_RUN, 0, "[--dry-run]",
	 "take out of gai.conf what these commands wrote",
	 "By history: every other line stays, byte for byte.\n"},
	{"policy", "preset", cmd_policy_preset, ON_DRY_RUN, 1, "[NAME] [--dry-run]",
	 "set gai.conf to a policy by name",
	 "Without NAME: all there are, and what each would change here.\n"},
	{"policy", "apply", cmd_policy_apply, ON_DRY_RUN, 1, "FILE|- [--dry-run]",
	 "make gai.conf say what FILE says", "By the fewest lines.\n"},
	{"policy", "diff", cmd_policy_diff, 0, 1,
	 "[FILE|-|preset:NAME|profile:NAME|history:N]",
	 "what would make gai.conf say that",
	 "As patch takes it; exit 1 if they differ. "
	 "Without a word: libc's own tables.\n"},
	{"policy", "lint", cmd_policy_lint, 0, 1, "[FILE|-]",
	 "what is odd about gai.conf",
	 "Or about FILE. Exit 1 if there is anything; silence if not.\n"},
	{"policy", "explain-file", cmd_policy_explain, 0, 1, "[FILE|-]",
	 "what libc makes of gai.conf, line by line", ""},
	{"history", NULL, cmd_history, 0, 1, "[nss|config|gai|unit|resolv]",
	 "the changes that were made", ""},
	{"rollback", NULL, cmd_rollback, ENABLE_OPTIONS, 2,
	 "[nss|config|gai|unit|resolv [N]] [--verify NAME]... [--dry-run]",
	 "undo a change",
	 "The latest that is not undone yet: said twice, it undoes two. N is as history\n"
	 "counts, where a rollback is a change, too: `rollback KIND 1` undoes that.\n"},
	{"complete", NULL, cmd_complete, 0, INT_MAX, "-- WORD...",
	 "what may stand for the last WORD, for shells", ""},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

const struct command *command_table(size_t *count)
{
	*count = COMMAND_COUNT;
	return commands;
}

static void print_usage(const struct command *command)
{
	printf("usage: v6guard %s%s%s%s%s\n", command->verb, command->sub ? " " : "",
	       command->sub ? command->sub : "", command->usage[0] ? " " : "",
	       command->usage);
}

static void print_help(void)
{
	printf("usage: v6guard [--json] [--color=auto|always|never] [--root DIR] [-q] "
	       "COMMAND\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command *command = &commands[i];
		char name[32];
		snprintf(name, sizeof(name), "%s%s%s", command->verb,
			 command->sub ? " " : "", command->sub ? command->sub : "");
		printf("  %-21s%s\n", name, command->brief);
	}
	printf("\nNo command: status. `v6guard help COMMAND` says more; v6guard(8) all.\n"
	       "Exit status: 0 done or already so, 1 negative result, 2 usage,\n"
	       "3 bad input file or value, 4 environment (permission, I/O, lock).\n");
}

static int unknown_verb(const char *word)
{
	const char *words[COMMAND_COUNT + 1] = {"help"};
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		words[i + 1] = commands[i].verb;
	return complain_unknown("command", word, words, COMMAND_COUNT + 1);
}

/* The command of these words; NULL, and *CODE: there is none. */
static const struct command *find_command(int *count, char ***args, int *code)
{
	const char *subs[COMMAND_COUNT];
	size_t sub_count = 0;
	const char *verb = (*args)[0];
	char kind[32];

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command *command = &commands[i];
		if (strcmp(command->verb, verb) != 0)
			continue;
		if (command->sub &&
		    (*count < 2 || strcmp(command->sub, (*args)[1]) != 0)) {
			subs[sub_count++] = command->sub;
			continue;
		}
		int words = command->sub ? 2 : 1;
		*count -= words;
		*args += words;
		return command;
	}
	if (sub_count == 0)
		*code = unknown_verb(verb);
	else if (*count > 1) {
		snprintf(kind, sizeof(kind), "command of %s", verb);
		*code = complain_unknown(kind, (*args)[1], subs, sub_count);
	} else {
		fprintf(stderr, "v6guard: %s needs one of:", verb);
		for (size_t i = 0; i < sub_count; i++)
			fprintf(stderr, " %s", subs[i]);
		fputc('\n', stderr);
		*code = EXIT_USAGE;
	}
	return NULL;
}

/* All commands of these words: `nss` is three. */
static int help_command(int count, char **args)
{
	bool is_found = false;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		const struct command *command = &commands[i];
		if (strcmp(command->verb, args[0]) != 0 ||
		    (count > 1 && (!command->sub || strcmp(command->sub, args[1]) != 0)))
			continue;
		printf("%s", is_found ? "\n" : "");
		print_usage(command);
		printf("%c%s.\n%s", toupper((unsigned char)command->brief[0]),
		       command->brief + 1, command->help);
		is_found = true;
	}
	if (is_found)
		return EXIT_DONE;
	int code = EXIT_USAGE;
	if (find_command(&count, &args, &code))
		complain("there is no help about '%s': see `v6guard --help`", args[0]);
	return code;
}

static bool wants_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(when, "auto"))
		return isatty(STDOUT_FILENO) && !(no_color && no_color[0]);
	return !strcmp(when, "always");
}

/* As a shell takes it: history's lines can be pasted. */
static void put_word(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";
	bool has_control = false;

	for (const char *at = word; *at; at++)
		has_control |= (unsigned char)*at < ' ' || *at == 127;
	if (word[0] && strspn(word, plain) == strlen(word)) {
		fprintf(out, " %s", word);
		return;
	}
	fputs(has_control ? " $'" : " '", out);
	for (; *word; word++) {
		if (has_control && ((unsigned char)*word < ' ' || *word == 127))
			fprintf(out, "\\x%02x", (unsigned char)*word);
		else if (has_control && strchr("'\\", *word))
			fprintf(out, "\\%c", *word);
		else if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

static char *join_words(int argc, char **argv)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("v6guard", out);
	for (int i = 1; i < argc; i++)
		put_word(out, argv[i]);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int check_use(const struct command *command, const struct wishes *wishes,
		     int count, char **args)
{
	char name[32];
	snprintf(name, sizeof(name), "%s%s%s", command->verb, command->sub ? " " : "",
		 command->sub ? command->sub : "");
	if (count > command->max_args) {
		complain("%s takes no '%s': see `v6guard help %s`", name,
			 args[command->max_args], name);
		return EXIT_USAGE;
	}
	const char *extra = options_beyond(wishes, command->options);
	if (extra) {
		complain("%s takes no %s: see `v6guard help %s`", name, extra, name);
		return EXIT_USAGE;
	}
	return EXIT_DONE;
}

static int run(struct cli *cli, const struct wishes *wishes, int count, char **args)
{
	static char status[] = "status";
	static char *no_command[] = {status};
	int code = EXIT_USAGE;

	if (count == 0) {
		args = no_command;
		count = 1;
	}
	bool is_help = !strcmp(args[0], "help");
	if (wishes->has_help || is_help) {
		if (args != no_command && count > is_help)
			return help_command(count - is_help, args + is_help);
		print_help();
		return EXIT_DONE;
	}

	const struct command *command = find_command(&count, &args, &code);
	if (!command)
		return code;
	code = check_use(command, wishes, count, args);
	if (code != EXIT_DONE)
		return code;
	code = command->run(cli, count, args);
	/* A command that failed has said so; half an object helps nobody. */
	if (code <= EXIT_NEGATIVE && !out_finish(cli->out)) {
		complain("cannot write the result");
		code = EXIT_ENVIRONMENT;
	}
	return code;
}

static void release(struct cli *cli, char *root)
{
	for (size_t i = 0; i < cli->warning_count; i++)
		free(cli->warnings[i]);
	free(cli->warnings);
	free(cli->command);
	out_free(cli->out);
	free(root);
}

/* "/" and "" are this host: only there programs run that could be looked at or told.
 * Paths below any other are built from its absolute name. */
static int find_root(const char *root, char **out)
{
	struct stat found;

	*out = root[strspn(root, "/")] ? realpath(root, NULL) : strdup("");
	if (*out && !strcmp(*out, "/"))
		**out = '\0';
	if (*out && **out && stat(*out, &found) == 0 && !S_ISDIR(found.st_mode)) {
		free(*out);
		*out = NULL;
		errno = ENOTDIR;
	}
	if (*out)
		return EXIT_DONE;
	complain("--root: %s: %s", root, strerror(errno));
	return EXIT_ENVIRONMENT;
}

int main(int argc, char **argv)
{
	struct cli cli = {.root = ""};
	struct wishes wishes = {.color = "auto"};

	cli.command = join_words(argc, argv);
	int code = options_take(&cli, &wishes, argc, argv);
	if (code != EXIT_DONE) {
		release(&cli, NULL);
		return code;
	}
	char *root;
	code = find_root(cli.root, &root);
	cli.root = root;
	cli.out = out_new(stdout, wishes.is_json, wants_color(wishes.color));
	if (code != EXIT_DONE)
		;
	else if (!cli.command || !cli.out)
		code = complain_memory();
	else if (wishes.has_version)
		printf("v6guard %s\n", V6GUARD_VERSION);
	else
		code = run(&cli, &wishes, argc - optind, argv + optind);
	/* Help and version come this way only. */
	if (fflush(stdout) != 0 && code == EXIT_DONE) {
		complain("cannot write the result");
		code = EXIT_ENVIRONMENT;
	}
	release(&cli, root);
	return code;
}
