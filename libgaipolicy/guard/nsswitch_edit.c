/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nsswitch_edit.c - v6guard into the hosts: line of nsswitch.conf and out again. */
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "guard/chain.h"
#include "text.h"

static const char self_tokens[] = "v6guard [!UNAVAIL=return] ";
static const char default_line[] = "hosts:\t\tfiles v6guard [!UNAVAIL=return] dns\n";

/* Parts put together into one malloc'd block with a NUL behind it. */
struct part {
	const char *bytes;
	size_t size;
};

static enum gp_status join(const struct part *parts, size_t count, char **out,
			   size_t *out_size, struct gp_diag *diag)
{
	struct gp_sink sink = {.text = NULL};

	for (size_t i = 0; i < count; i++)
		gp_sink_put(&sink, parts[i].bytes, parts[i].size);
	if (sink.has_failed) {
		free(sink.text);
		return gp_diag_set(diag, GP_NOMEM, NULL, "no memory");
	}
	*out = sink.text;
	*out_size = sink.length;
	return GP_OK;
}

/* One blank goes with the tokens: the one that enable put behind them, or, at the end of
 * the line, the one before. */
static void cut(char *text, size_t *size, size_t begin, size_t end)
{
	bool is_last = end == *size || text[end] == '\n' || text[end] == '\r';

	if (end < *size && (text[end] == ' ' || text[end] == '\t'))
		end++;
	else if (is_last && begin > 0 &&
		 (text[begin - 1] == ' ' || text[begin - 1] == '\t'))
		begin--;
	memmove(text + begin, text + end, *size - end + 1);
	*size -= end - begin;
}

/* v6guard's words out of TEXT, one malloc'd block: all, or all but the first. */
static enum gp_status take_out(const char *text, size_t size, bool is_all, char **out,
			       size_t *out_size, struct gp_diag *diag)
{
	struct part whole = {text, size};
	struct gp_hosts_line hosts;
	char *copy = NULL;
	enum gp_status status = join(&whole, 1, &copy, &size, diag);

	if (status != GP_OK)
		return status;
	for (;;) {
		gp_hosts_line_find(copy, size, &hosts);
		if (hosts.is_repeated)
			cut(copy, &size, hosts.again, hosts.again_end);
		else if (hosts.enabled && is_all)
			cut(copy, &size, hosts.token, hosts.token_end);
		else
			break;
	}
	*out = copy;
	*out_size = size;
	return GP_OK;
}

/* v6guard's words into a line that has none of them, at AT. */
static enum gp_status put_in(const char *text, size_t size, size_t at, bool is_open,
			     char **out, size_t *out_size, struct gp_diag *diag)
{
	struct part parts[] = {{text, at},
			       {self_tokens, strlen(self_tokens)},
			       {text + at, size - at},
			       {"\n", is_open}};

	return join(parts, 4, out, out_size, diag);
}

/* The right words, once, in place of those in TEXT, where no resolver could stand behind.
 * HOSTS: its line. */
static enum gp_status put_right(const char *text, size_t size,
				const struct gp_hosts_line *hosts, char **out,
				size_t *out_size, struct gp_diag *diag)
{
	struct part parts[] = {{text, hosts->token},
			       {self_tokens, strlen(self_tokens) - 1},
			       {text + hosts->token_end, size - hosts->token_end},
			       {"\n", hosts->unterminated}};
	char *first = NULL;
	enum gp_status status = join(parts, 4, &first, &size, diag);

	if (status == GP_OK)
		status = take_out(first, size, false, out, out_size, diag);
	free(first);
	return status;
}

/* The words are there, but not where or not as they act. */
static enum gp_status repair(const char *text, size_t size,
			     const struct gp_hosts_line *before, char **out,
			     size_t *out_size, struct gp_diag *diag)
{
	struct gp_hosts_line hosts;
	char *bare = NULL, *right = NULL;
	size_t bare_size = 0, right_size = 0;
	enum gp_status status = take_out(text, size, true, &bare, &bare_size, diag);

	if (status != GP_OK)
		return status;
	gp_hosts_line_find(bare, bare_size, &hosts);
	if (hosts.has_resolver)
		status = put_in(bare, bare_size, hosts.resolver, hosts.unterminated,
				&right, &right_size, diag);
	else
		status = put_right(text, size, before, &right, &right_size, diag);
	free(bare);
	/* glibc may have stopped reading before what it could not read, and now comes to
	 * it. */
	if (status == GP_OK && gp_hosts_lines_check(right, right_size, NULL) != GP_OK)
		status = gp_diag_set_at(diag, GP_SYNTAX, NULL, before->line, 0,
					"libc does not read what stands behind the "
					"second [...] of v6guard");
	if (status != GP_OK) {
		free(right);
		return status;
	}
	*out = right;
	*out_size = right_size;
	return GP_OK;
}

enum gp_status gp_nsswitch_enable(const char *text, size_t size, char **out,
				  size_t *out_size, struct gp_diag *diag)
{
	enum gp_status status = gp_hosts_lines_check(text, size, diag);
	if (status != GP_OK)
		return status;

	struct gp_hosts_line hosts;
	gp_hosts_line_find(text, size, &hosts);
	if (!hosts.present) {
		bool is_open = size > 0 && text[size - 1] != '\n';
		struct part parts[] = {{text, size},
				       {"\n", is_open},
				       {default_line, strlen(default_line)}};
		return join(parts, 3, out, out_size, diag);
	}
	if (hosts.enabled && hosts.is_exclusive && !hosts.is_late && !hosts.is_repeated) {
		struct part parts[] = {{text, size}, {"\n", hosts.unterminated}};
		return join(parts, 2, out, out_size, diag);
	}
	if (hosts.enabled)
		return repair(text, size, &hosts, out, out_size, diag);
	if (!hosts.has_resolver)
		return gp_diag_set_at(diag, GP_NOTFOUND, NULL, hosts.line, 0,
				      "neither resolve nor dns is on the hosts: line%s",
				      hosts.has_comment ? " before its '#'" : "");
	return put_in(text, size, hosts.resolver, hosts.unterminated, out, out_size,
		      diag);
}

enum gp_status gp_nsswitch_disable(const char *text, size_t size, char **out,
				   size_t *out_size, struct gp_diag *diag)
{
	enum gp_status status = gp_hosts_lines_check(text, size, diag);

	return status == GP_OK ? take_out(text, size, true, out, out_size, diag) : status;
}
