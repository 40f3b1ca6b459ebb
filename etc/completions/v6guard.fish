# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion of v6guard, which is asked what may follow: it has the list of its commands.
function __v6guard_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l start ''
    # --color=WORD: as if it were two words.
    if string match -q -- '--*=*' $current
        set -a words (string replace -r '=.*' '' -- $current)
        set start (string replace -r '=.*' '=' -- $current)
        set current (string replace -r '^[^=]*=' '' -- $current)
    end
    for word in ($words[1] complete -- $words[2..-1] "$current" 2>/dev/null)
        switch $word
            case :files
                __fish_complete_path $current
            case :folders
                __fish_complete_directories $current
            case :commands
                __fish_complete_command
            case '*'
                echo -- $start$word
        end
    end
end
complete -c v6guard -f -a '(__v6guard_complete)'
