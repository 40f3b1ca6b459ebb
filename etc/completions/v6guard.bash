# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion of v6guard, which is asked what may follow: it has the list of its commands.
_v6guard() {
	local line=${COMP_LINE:0:COMP_POINT} current start='' head='' word words
	read -ra words <<<"$line"
	case $line in *[[:space:]]) words+=('') ;; esac
	current=${words[-1]}
	unset 'words[-1]'
	# --color=WORD: as if it were two words.
	if [[ $current == --*=* ]]; then
		words+=("${current%%=*}")
		[[ $COMP_WORDBREAKS == *=* ]] || start=${current%%=*}=
		current=${current#*=}
	fi
	# What stands before a colon is a word of its own to bash.
	[[ $current != *:* || $COMP_WORDBREAKS != *:* ]] || head=${current%"${current##*:}"}
	COMPREPLY=()
	while IFS= read -r word; do
		case $word in
		:files) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current") ;;
		:folders) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$current") ;;
		:commands) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- "$current") ;;
		*) COMPREPLY+=("$start${word#"$head"}") ;;
		esac
	done < <("${words[0]}" complete -- "${words[@]:1}" "$current" 2>/dev/null)
	case ${COMPREPLY[*]-} in *[=:]) compopt -o nospace 2>/dev/null ;; esac
}
complete -o filenames -F _v6guard v6guard
