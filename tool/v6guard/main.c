/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c - the command table, the options, and nothing of any command. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

enum option_bit {
	ON_CHECK = 1 << 0,
	ON_DRY_RUN = 1 << 1,
	ON_FOR = 1 << 2,
	ON_VERIFY = 1 << 3,
	ON_DOORS = 1 << 4,
};

struct command {
	const char *verb, *sub; /* SUB may be NULL */
	cmd_fn *run;
	unsigned options;
	int max_args;
	const char *usage; /* what follows the verb */
	const char *brief; /* for the list of all */
	const char *help;  /* the rest, or "" */
};

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
	{"nss", "enable", cmd_nss_enable, ENABLE_OPTIONS, 0,
	 "[--verify NAME]... [--dry-run]", "put v6guard into the hosts: line", ""},
	{"nss", "disable", cmd_nss_disable, ON_DRY_RUN, 0, "[--dry-run]",
	 "take v6guard out of the hosts: line", ""},
	{"nss", "status", cmd_nss_status, 0, 0, "",
	 "is it there, and what stands behind it", "Exit 1 when it is not there.\n"},
	{"history", NULL, cmd_history, 0, 1, "[nss|config]", "the changes that were made",
	 ""},
	{"rollback", NULL, cmd_rollback, ENABLE_OPTIONS, 2,
	 "[nss|config [N]] [--verify NAME]... [--dry-run]", "undo a change",
	 "The latest one, or the Nth of that kind, counting back. That is a change, "
	 "too.\n"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

enum {
	OPT_JSON = 256,
	OPT_COLOR,
	OPT_ROOT,
	OPT_VERSION,
	OPT_CHECK,
	OPT_DRY_RUN,
	OPT_FOR,
	OPT_VERIFY,
	OPT_DOORS,
};

static const struct option options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"color", required_argument, NULL, OPT_COLOR},
	{"root", required_argument, NULL, OPT_ROOT},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPT_VERSION},
	{"check", no_argument, NULL, OPT_CHECK},
	{"dry-run", no_argument, NULL, OPT_DRY_RUN},
	{"for", required_argument, NULL, OPT_FOR},
	{"verify", required_argument, NULL, OPT_VERIFY},
	{"doors", required_argument, NULL, OPT_DOORS},
	{NULL, 0, NULL, 0},
};

/* What the options said that concerns main alone. */
struct wishes {
	bool has_help, has_version, is_json;
	const char *color;
	unsigned given; /* enum option_bit */
};

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
		printf("  %-14s%s\n", name, command->brief);
	}
	printf("\nNo command: status. `v6guard help COMMAND` says more; v6guard(8) all.\n"
	       "Exit status: 0 done or already so, 1 negative result, 2 usage,\n"
	       "3 bad input file or value, 4 environment (permission, I/O, lock).\n");
}

static int unknown(const char *kind, const char *word, const char *const *words,
		   size_t count)
{
	const char *guess = nearest(word, words, count);
	if (guess)
		complain("unknown %s '%s': did you mean '%s'?", kind, word, guess);
	else
		complain("unknown %s '%s': see `v6guard --help`", kind, word);
	return EXIT_USAGE;
}

static int unknown_verb(const char *word)
{
	const char *words[COMMAND_COUNT + 1] = {"help"};
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		words[i + 1] = commands[i].verb;
	return unknown("command", word, words, COMMAND_COUNT + 1);
}

static int unknown_option(const char *word)
{
	const char *words[sizeof(options) / sizeof(options[0])];
	size_t count = 0;
	char bare[40];

	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word, "="), word);
	for (; options[count].name; count++)
		words[count] = options[count].name;
	const char *guess =
		strncmp(bare, "--", 2) ? NULL : nearest(bare + 2, words, count);
	if (guess)
		complain("unknown option '%s': did you mean '--%s'?", bare, guess);
	else
		complain("unknown option '%s': see `v6guard --help`", bare);
	return EXIT_USAGE;
}

/* The command of these words; NULL, and *CODE: there is none. */
static const struct command *find_command(int *count, char ***args, int *code)
{
	const char *subs[COMMAND_COUNT];
	size_t sub_count = 0;
	const char *verb = (*args)[0];

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
	else if (*count > 1)
		*code = unknown(verb, (*args)[1], subs, sub_count);
	else {
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

static int take_verify(struct cli *cli, const char *name)
{
	if (!name[0]) {
		complain("option '--verify' needs a name");
		return EXIT_USAGE;
	}
	if (cli->verify_count == VERIFY_MAX) {
		complain("--verify: at most %d names", VERIFY_MAX);
		return EXIT_USAGE;
	}
	cli->verify[cli->verify_count++] = name;
	return EXIT_DONE;
}

/* getopt_long leaves in optopt: 0 for an unknown long option, the option's value for a
 * long one that got a value it does not take, else the unknown letter. */
static int refuse_option(const char *word)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	bool is_known = false;

	for (size_t i = 0; options[i].name; i++)
		is_known |= options[i].val == optopt;
	if (!is_known)
		return unknown_option(optopt == 0 ? word : letter);
	complain("option '%.*s' takes no value", (int)strcspn(word, "="), word);
	return EXIT_USAGE;
}

static int take_option(struct cli *cli, struct wishes *wishes, int option,
		       char *const *argv)
{
	switch (option) {
	case OPT_JSON:
		wishes->is_json = true;
		break;
	case OPT_COLOR:
		wishes->color = optarg;
		break;
	case OPT_ROOT:
		cli->root = optarg;
		break;
	case OPT_CHECK:
		cli->is_check = true;
		wishes->given |= ON_CHECK;
		break;
	case OPT_DRY_RUN:
		cli->is_dry_run = true;
		wishes->given |= ON_DRY_RUN;
		break;
	case OPT_FOR:
		cli->for_time = optarg;
		wishes->given |= ON_FOR;
		break;
	case OPT_VERIFY:
		wishes->given |= ON_VERIFY;
		return take_verify(cli, optarg);
	case OPT_DOORS:
		cli->doors = optarg;
		wishes->given |= ON_DOORS;
		break;
	case 'q':
		cli->is_quiet = true;
		break;
	case 'h':
		wishes->has_help = true;
		break;
	case OPT_VERSION:
		wishes->has_version = true;
		break;
	case ':':
		complain("option '%s' needs a value", argv[optind - 1]);
		return EXIT_USAGE;
	default:
		return refuse_option(argv[optind - 1]);
	}
	return EXIT_DONE;
}

/* Behind this ARGV's words come first to last without options, from optind on. */
static int take_options(struct cli *cli, struct wishes *wishes, int argc, char **argv)
{
	static const char *const colors[] = {"auto", "always", "never"};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":qh", options, NULL)) != -1) {
		int code = take_option(cli, wishes, option, argv);
		if (code != EXIT_DONE)
			return code;
	}
	for (size_t i = 0; i < 3; i++)
		if (!strcmp(wishes->color, colors[i]))
			return EXIT_DONE;
	complain("--color: '%s' is none of auto, always, never", wishes->color);
	return EXIT_USAGE;
}

static bool wants_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(when, "auto"))
		return isatty(STDOUT_FILENO) && !(no_color && no_color[0]);
	return !strcmp(when, "always");
}

static char *join_words(int argc, char **argv)
{
	char *text = strdup("v6guard");

	for (int i = 1; i < argc && text; i++) {
		char *longer;
		if (asprintf(&longer, "%s %s", text, argv[i]) < 0)
			longer = NULL;
		free(text);
		text = longer;
	}
	return text;
}

static int check_use(const struct command *command, const struct wishes *wishes,
		     int count, char **args)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {{ON_CHECK, "--check"},
		     {ON_DRY_RUN, "--dry-run"},
		     {ON_FOR, "--for"},
		     {ON_VERIFY, "--verify"},
		     {ON_DOORS, "--doors"}};

	char name[32];
	snprintf(name, sizeof(name), "%s%s%s", command->verb, command->sub ? " " : "",
		 command->sub ? command->sub : "");
	if (count > command->max_args) {
		complain("%s takes no '%s': see `v6guard help %s`", name,
			 args[command->max_args], name);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (wishes->given & names[i].bit & ~command->options) {
			complain("%s takes no %s: see `v6guard help %s`", name,
				 names[i].name, name);
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
	int code = take_options(&cli, &wishes, argc, argv);
	if (code != EXIT_DONE) {
		release(&cli, NULL);
		return code;
	}
	char *root;
	code = find_root(cli.root, &root);
	cli.root = root;
	cli.out = out_new(wishes.is_json, wants_color(wishes.color));
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
